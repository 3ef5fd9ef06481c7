// SPDX-License-Identifier: GPL-2.0-or-later

package testtree_test

import (
	"fmt"
	"testing"

	"scoutfs/engine/format"
	"scoutfs/internal/testcheck"
	"scoutfs/internal/testtree"
)

func TestVolumesAreSound(t *testing.T) {
	t.Parallel()
	many := testtree.New(t, 2)
	for i := range 300 {
		many.File(many.Dir(format.RootIno, fmt.Sprintf("directory %d", i)), "file", testtree.Text("x"), testtree.Hole(3), testtree.Unwritten(2))
	}
	later := testtree.Sample(t)
	later.Later()
	tests := map[string]*testtree.Volume{
		"empty":    testtree.New(t, 2),
		"format 1": testtree.New(t, 1),
		"sample":   testtree.Sample(t),
		"later":    later,
		"many":     many,
	}
	for name, v := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testcheck.Clean(t, v.Memory())
		})
	}
}
