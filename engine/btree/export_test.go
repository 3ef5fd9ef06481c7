// SPDX-License-Identifier: GPL-2.0-or-later

package btree

import "scoutfs/engine/format"

// Compact moves a sound block's values together.
func Compact(b *format.BtreeBlock) { new(compactor).compact(b) }
