// SPDX-License-Identifier: GPL-2.0-or-later

package progress_test

import (
	"testing"

	"scoutfs/progress"
)

type counter struct {
	progress.Discard
	n int64
}

func (c *counter) Add(n int64) { c.n += n }

func TestOrDiscard(t *testing.T) {
	t.Parallel()
	var c counter
	progress.OrDiscard(&c).Add(3)
	if c.n != 3 {
		t.Errorf("the given sink got %d, want 3", c.n)
	}
	sink := progress.OrDiscard(nil)
	sink.Phase("x", progress.Bytes, progress.Unknown)
	sink.Add(1)
	sink.Grow(1)
}

func TestUnits(t *testing.T) {
	t.Parallel()
	if got := progress.Items.String() + " " + progress.Bytes.String(); got != "items bytes" {
		t.Errorf("got %s", got)
	}
}

func TestTeePassesEverythingToBoth(t *testing.T) {
	t.Parallel()
	var got [2]recorder
	sink := progress.Tee(&got[0], &got[1])
	sink.Phase("x", progress.Bytes, 10)
	sink.Grow(5)
	sink.Add(7)
	want := recorder{"x", progress.Bytes, 15, 7}
	if got != [2]recorder{want, want} {
		t.Errorf("got %v, want %v twice", got, want)
	}
}

type recorder struct {
	phase       string
	unit        progress.Unit
	total, done int64
}

func (r *recorder) Phase(name string, unit progress.Unit, total int64) {
	*r = recorder{name, unit, total, 0}
}
func (r *recorder) Add(n int64)  { r.done += n }
func (r *recorder) Grow(n int64) { r.total += n }
