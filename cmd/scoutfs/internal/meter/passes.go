// SPDX-License-Identifier: GPL-2.0-or-later

package meter

import (
	"fmt"
	"io"
	"time"

	"scoutfs/progress"
)

// Passes returns a Meter that writes to w what programs know from e2fsck -C: a
// line with the number of the phase, how far it is, its total, and the
// device's name. Phases without a known total are only counted.
func Passes(w io.Writer, device string, options Options) Meter {
	return start(&passView{w: w, device: device}, options, 250*time.Millisecond)
}

type passView struct {
	w      io.Writer
	device string

	pass  int
	begun bool  // a phase that has not ended
	shown int64 // of the phase, -1 for nothing
}

func (v *passView) show(s state) {
	if !v.begun {
		v.begun = true
		v.pass++
		v.shown = -1
	}
	if s.ended {
		v.begun = false
	}
	if s.total == progress.Unknown || s.total == 0 {
		return
	}
	done := min(s.done, s.total)
	if done == v.shown {
		return
	}
	v.shown = done
	// Progress that cannot be shown must not stop the job.
	_, _ = fmt.Fprintf(v.w, "%d %d %d %s\n", v.pass, done, s.total, v.device)
}
