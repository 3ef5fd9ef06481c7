// SPDX-License-Identifier: GPL-2.0-or-later

// Package meter shows the progress of jobs: as a bar on a terminal, as JSON
// lines for programs, or not at all.
package meter

import (
	"io"

	"scoutfs/progress"
)

// Meter is a progress.Sink that belongs to one run of the program.
type Meter interface {
	progress.Sink

	// Close ends the last phase and takes the bar off the terminal.
	Close()
}

// None returns a Meter that shows nothing.
func None() Meter { return none{} }

type none struct{ progress.Discard }

func (none) Close() {}

// placeholder keeps the import of io until the bar and the lines exist.
var _ io.Writer
