// SPDX-License-Identifier: GPL-2.0-or-later

// Package engine opens a volume straight on its devices, without a mount and
// without the kernel module.
//
// [Open] claims the devices, checks that they are the two of one volume, and
// returns a [Volume], from which [Volume.FS] takes snapshots to read. A
// volume that nobody writes has one snapshot for as long as it is open. With
// [Options].Live nothing is claimed and each snapshot is that of the last
// commit; a snapshot grows old as the writer goes on, and reads of it then
// fail with block.ErrStale. [Volume.Read] starts over in that case.
//
// A Volume is safe for concurrent use.
package engine
