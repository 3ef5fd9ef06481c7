// SPDX-License-Identifier: GPL-2.0-or-later

package format

import "unsafe"

// Whole blocks must be exactly one block; a wrong declaration does not
// compile.
var (
	_ = [1]struct{}{}[unsafe.Sizeof(AllocListBlock{})-LargeBlockSize]
	_ = [1]struct{}{}[unsafe.Sizeof(BloomBlock{})-LargeBlockSize]
	_ = [1]struct{}{}[unsafe.Sizeof(SrchParent{})-LargeBlockSize]
	_ = [1]struct{}{}[unsafe.Sizeof(BtreeItem{})-BtreeItemSize]
	_ = [1]struct{}{}[unsafe.Sizeof(BtreeBlockHead{})-BtreeItemsOffset]
	_ = [1]struct{}{}[unsafe.Sizeof(Super{})-SuperUsedBytes]
)
