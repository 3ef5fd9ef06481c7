// SPDX-License-Identifier: GPL-2.0-or-later

package items_test

import (
	"testing"

	"scoutfs/engine/format"
	"scoutfs/fsck/items"
)

// nobodyMisses reports whether an item can be away without anything else
// saying so: a rule, or all of an attribute that no tag puts elsewhere.
func nobodyMisses(k format.Key) bool {
	return k.Zone == format.ZoneQuota ||
		k == xattrKey("user.a", 0, 0) || k == xattrKey("scoutfs.hide.h", 4, 0) || k == xattrKey(format.XattrACLAccess, 5, 0) ||
		k == format.XattrKey(dir, format.XattrNameHash(format.XattrACLDefault), 0, 0)
}

func TestEveryLostItemIsMissed(t *testing.T) {
	t.Parallel()
	sound, _ := volume(t, small(t).Memory().Meta)
	for it, err := range sound.Snapshot.Items(t.Context(), format.AllKeys()) {
		if err != nil {
			t.Fatal(err)
		}
		v := small(t)
		v.Item(it.Key, nil)
		meta := v.Memory().Meta
		r, _ := volume(t, meta)
		r.DataBlocks = dataBlocks
		_, found := check(t, meta, items.Options{Volume: r, Workers: 1})
		wrong := found.wrong()
		if missed := len(wrong) > 0; missed == nobodyMisses(it.Key) {
			t.Errorf("without %s item %v: found %v", format.KindOf(it.Key), it.Key, wrong)
		}
		// One thing is wrong; an extent is missed by its inode and its blocks.
		if len(wrong) > 1 && it.Key.Type != format.TypeDataExtent {
			t.Errorf("without %s item %v: found %v", format.KindOf(it.Key), it.Key, wrong)
		}
	}
}
