// SPDX-License-Identifier: GPL-2.0-or-later

package items_test

import (
	"testing"

	"scoutfs/engine/device"
	"scoutfs/fsck/items"
	"scoutfs/fsck/problem"
	"scoutfs/internal/testimage"
)

func TestKernelVolumesAreClean(t *testing.T) {
	t.Parallel()
	testimage.Each(t, func(t *testing.T, img testimage.Image) {
		t.Parallel()
		meta, err := device.Open(img.Meta, device.Options{Shared: true})
		if err != nil {
			t.Fatal(err)
		}
		defer meta.Close()
		r, search := volume(t, meta)
		var found findings
		facts, err := items.Check(t.Context(), items.Options{Volume: r, Search: search, Report: found.report, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found.wrong() {
			if f.Number != problem.DataBlockLeaked {
				t.Errorf("%d %v: found %s, expected %s", f.Number, &f.Place, f.Found, f.Expected)
			}
		}
		t.Logf("%+v", *facts)
	})
}
