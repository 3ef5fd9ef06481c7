// SPDX-License-Identifier: GPL-2.0-or-later

// Package changes is the change feed of a volume: every inode that changed
// since a sequence number, with its paths and attributes, in one pass.
//
// A [Feed] reads the meta_seq index, which has each inode at the transaction
// of its last change. One pass gives what is committed; the next goes on
// where it ended, in this process or another. No change is ever missed: an
// inode that changes again comes again, later and with a greater sequence
// number, and what is not committed yet comes with a greater one than any
// that a pass has ended at (docs/format.md 7.2). An inode that changed twice
// between two passes comes once.
//
// The index has no inodes that are deleted, and neither has the feed: a
// reader that keeps a list finds out by asking for the inode numbers in it.
// A directory that is renamed comes with its new path, and what is below it
// does not come, for it did not change.
//
// # Sources
//
// A [Source] is where a feed reads: [OnDevices] on an open volume, [OnMount]
// on a mount. On devices everything in a record is of one commit. On a mount
// it is as the inode was when it was looked at, which may be newer than the
// record's place in the feed; the inode then comes again.
//
// # Bounds
//
// A source holds the paths of directories that it has come across, at most
// 8 MiB of them, and one record. A record has all names of an inode if they
// are asked for, and all its attributes' values.
package changes
