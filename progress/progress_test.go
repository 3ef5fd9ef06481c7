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
