// SPDX-License-Identifier: GPL-2.0-or-later

package fsck

import (
	"time"

	"scoutfs/progress"
)

// stopwatch is a progress.Sink that passes everything on and takes the time of
// the phases.
type stopwatch struct {
	progress.Sink
	now    func() time.Time
	phases []Phase
	began  time.Time // of the last of phases
}

func newStopwatch(sink progress.Sink, now func() time.Time) *stopwatch {
	return &stopwatch{Sink: sink, now: now}
}

// Phase implements progress.Sink.
func (w *stopwatch) Phase(name string, unit progress.Unit, total int64) {
	w.stop()
	w.phases = append(w.phases, Phase{Name: name})
	w.began = w.now()
	w.Sink.Phase(name, unit, total)
}

// stop ends the last phase and returns all.
func (w *stopwatch) stop() []Phase {
	if n := len(w.phases); n > 0 {
		w.phases[n-1].Elapsed = w.now().Sub(w.began)
	}
	return w.phases
}
