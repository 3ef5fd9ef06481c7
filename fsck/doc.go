// SPDX-License-Identifier: GPL-2.0-or-later

// Package fsck checks whole volumes: it accounts for every block and every
// item, and says what is wrong in the terms of package problem. It only reads.
//
// [Check] makes the parts of the check work together: package structure reads
// all that lies below the merged view, package items what the view says, and
// this one gives them memory, tells progress, puts findings in order, finds
// paths for them, and reads files if that was asked for.
//
// # Volumes in use
//
// Blocks that the last super leads to are not overwritten before another super
// is written, so what a reading finds while the super stays the same is true.
// A volume that is written may overwrite blocks of the super that a reading
// began with; such blocks look damaged. With [Options].Live the volume is read
// again with the newer super, and only what two readings in a row have found is
// reported. Without it, a volume that was written meanwhile is an error.
//
// A volume whose mounts crashed is not in use, and not damaged: its last
// commit is consistent, and what the next mount recovers is a note.
//
// # Bounds
//
// Memory is bounded by [Options].Memory, whatever the volume holds; what does
// not fit goes through temporary files. Five bits for each 64 KiB block of the
// metadata device (10 KiB for each GiB) and the findings that are kept come on
// top of it.
package fsck
