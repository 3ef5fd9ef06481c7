// SPDX-License-Identifier: GPL-2.0-or-later

// Package mkfs makes a new volume on two devices, block for block as
// upstream's tool does (docs/format.md 11).
//
// [NewPlan] decides everything about a volume before a byte is written: it
// looks at the sizes of the devices, refuses what cannot work, and returns a
// [Plan] that tells what the volume will be. [Plan.Write] then writes it. A
// dry run is a plan that is not written. The same options and sizes make the
// same bytes; a clock and randomness come in through [NewIdentity].
//
// # Interruption
//
// The devices may hold an older volume, whose supers must never describe
// blocks that are already overwritten. Write therefore works in steps, each
// of them on stable storage before the next one begins:
//
//  1. The super block of the metadata device is overwritten with zeros, then
//     that of the data device, where there is anything but zeros.
//  2. Discarding, if asked for.
//  3. All blocks but the supers.
//  4. The data device's super.
//  5. The metadata device's super.
//
// The metadata super makes the volume: without it there is none. So whatever
// an interruption leaves, the metadata device's super is the old one and all
// of the old volume is there, or it does not verify, or it is the new one
// and all of the new volume is there. Running mkfs again is always enough.
//
// Nothing else is written: the first 64 KiB of both devices, where boot
// loaders and partition tables live, and all free blocks keep their bytes.
package mkfs
