// SPDX-License-Identifier: GPL-2.0-or-later

// Package progress is how a long job tells how far it is, without knowing who listens: a bar on a terminal, lines for a
// machine, a test, or nobody.
//
// A job runs through phases, one after the other. In each it counts units of one kind towards a total that may be
// unknown at first and may grow. Rates and remaining times are the listener's business: it has the clock.
package progress

// Unit is what a phase counts.
type Unit uint8

const (
	// Items are things without a size: inodes, blocks, files.
	Items Unit = iota
	// Bytes are shown with binary multiples.
	Bytes
)

// String returns "items" or "bytes".
func (u Unit) String() string {
	if u == Bytes {
		return "bytes"
	}
	return "items"
}

// Unknown is the total of a phase whose end is not known when it starts.
const Unknown int64 = -1

// Sink receives the progress of one job.
//
// Phase must not be called at the same time as another method; Add and Grow may be called from many goroutines at once
// and must return without waiting for a slow listener.
type Sink interface {
	// Phase ends the phase before, if any, and starts the phase called name, a few lower case words such as "read
	// metadata". total counts units, or is Unknown.
	Phase(name string, unit Unit, total int64)

	// Add reports n more units done.
	Add(n int64)

	// Grow adds n to the total of the phase; an unknown total becomes n.
	Grow(n int64)
}

// Discard is a Sink that listens to nothing. It is what a job uses when its caller gives no Sink.
type Discard struct{}

// Phase does nothing.
func (Discard) Phase(string, Unit, int64) {}

// Add does nothing.
func (Discard) Add(int64) {}

// Grow does nothing.
func (Discard) Grow(int64) {}

// OrDiscard returns sink, or Discard if sink is nil, so that a job can report without asking.
func OrDiscard(sink Sink) Sink {
	if sink == nil {
		return Discard{}
	}
	return sink
}
