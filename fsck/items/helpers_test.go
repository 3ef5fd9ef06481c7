// SPDX-License-Identifier: GPL-2.0-or-later

package items_test

import (
	"scoutfs/engine/format"
	"scoutfs/engine/srch"
)

// entries decodes all entries of a leaf.
func entries(d *srch.Decoder) (all []format.SrchEntry) {
	for e, ok := d.Next(); ok; e, ok = d.Next() {
		all = append(all, e)
	}
	return all
}
