// SPDX-License-Identifier: GPL-2.0-or-later

package meter

import (
	"fmt"
	"time"

	"github.com/schollz/progressbar/v3"

	"scoutfs/progress"
)

// What a line of the display needs besides the bar itself: the name of the
// phase, a percentage, counts, rate and times.
const (
	nameWidth    = 24
	besidesBar   = nameWidth + 46
	narrowestBar = 5
	widestBar    = 40
)

// barView draws a bar, or a spinning sign while the total is unknown, and
// takes it away when the phase ends.
type barView struct {
	screen *Screen
	color  bool

	bar   *progressbar.ProgressBar
	total int64
}

func (v *barView) show(s state) {
	if s.ended {
		v.bar = nil
		v.screen.erase()
		return
	}
	// A bar that was full once does not move again when its total grows.
	if v.bar == nil || v.total != s.total && v.bar.IsFinished() {
		v.bar, v.total = v.draw(s), s.total
	}
	if v.total != s.total {
		v.total = s.total
		v.bar.ChangeMax64(s.total)
	}
	done := s.done
	if s.total != progress.Unknown {
		done = min(done, s.total)
	}
	// The only errors are those of writing to the terminal, and a total of 0.
	_ = v.bar.Set64(done)
}

func (v *barView) draw(s state) *progressbar.ProgressBar {
	theme := progressbar.Theme{Saucer: "=", SaucerHead: ">", SaucerPadding: " ", BarStart: "[", BarEnd: "]"}
	if v.color {
		theme.Saucer, theme.SaucerHead = "[green]=[reset]", "[green]>[reset]"
	}
	return progressbar.NewOptions64(s.total,
		progressbar.OptionSetWriter(barWriter{v.screen}),
		progressbar.OptionSetDescription(fmt.Sprintf("%-*.*s", nameWidth, nameWidth, s.phase)),
		progressbar.OptionSetWidth(min(max(v.screen.width()-besidesBar, narrowestBar), widestBar)),
		progressbar.OptionSetTheme(theme),
		progressbar.OptionEnableColorCodes(v.color),
		progressbar.OptionShowCount(),
		progressbar.OptionShowBytes(s.unit == progress.Bytes),
		progressbar.OptionUseIECUnits(true),
		progressbar.OptionSetPredictTime(s.total != progress.Unknown),
		progressbar.OptionSetElapsedTime(true),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionUseANSICodes(true),
		progressbar.OptionThrottle(50*time.Millisecond),
		progressbar.OptionSpinnerCustom([]string{"|", "/", "-", "\\"}),
		progressbar.OptionSetSpinnerChangeInterval(0), // the counter's goroutine is enough
	)
}
