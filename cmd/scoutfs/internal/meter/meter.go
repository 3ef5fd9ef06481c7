// SPDX-License-Identifier: GPL-2.0-or-later

// Package meter shows the progress of jobs on the standard error: as a bar on
// a terminal, as JSON lines for programs, or not at all.
//
// A job adds to atomic counters and never waits for the display. A goroutine
// of the meter looks at the counters a few times a second and shows them.
package meter

import (
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"scoutfs/progress"
)

// Modes of showing progress.
const (
	Auto = "auto" // a bar if the standard error is a terminal, else nothing
	Bar  = "bar"
	JSON = "json"
	None = "none"
)

// Modes returns all modes.
func Modes() []string { return []string{Auto, Bar, JSON, None} }

// Meter is a progress.Sink that belongs to one run of the program.
type Meter interface {
	progress.Sink

	// Close ends the last phase, takes the bar off the terminal, and waits
	// until nothing more will be written. The Meter is not used after it.
	Close()
}

// Options of a Meter.
type Options struct {
	Now   func() time.Time
	Color bool // the terminal shows colours and the user wants them

	// Interval between two looks at the counters; 0 for the default.
	Interval time.Duration
}

// New returns a Meter that shows progress on screen in one of the modes.
func New(mode string, screen *Screen, options Options) Meter {
	if mode == Auto {
		mode = None
		if screen.Capable() {
			mode = Bar
		}
	}
	switch mode {
	case Bar:
		return start(&barView{screen: screen, color: options.Color}, options, 100*time.Millisecond)
	case JSON:
		return start(&lineView{w: screen}, options, time.Second)
	}
	return discard{}
}

type discard struct{ progress.Discard }

func (discard) Close() {}

// Terminal reports whether w writes to a terminal.
func Terminal(w io.Writer) bool {
	_, ok := terminalWidth(w)
	return ok
}

// Columns returns the width of the terminal that w writes to, 0 if it is
// none.
func Columns(w io.Writer) int {
	columns, _ := terminalWidth(w)
	return columns
}

// terminalWidth returns the width of the terminal that w writes to, in
// columns.
func terminalWidth(w io.Writer) (columns int, ok bool) {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return 0, false
	}
	columns, _, err := term.GetSize(int(file.Fd()))
	return columns, err == nil && columns > 0
}
