// SPDX-License-Identifier: GPL-2.0-or-later

// Package convert changes what the super blocks of an unmounted volume say:
// the format version ([ChangeFormatVersion]), the quorum slots
// ([ChangeQuorumConfig]), and which data device belongs to it
// ([PrepareEmptyData]). No other block is written.
//
// Every job looks at all it needs and refuses what is not safe before it
// writes: supers that do not verify, devices in each other's place, a volume
// that a mount may still be using. The caller claims the devices.
//
// # Interruption
//
// A super is one write of 4 KiB. Where two are written, the data device's
// goes first and is on stable storage before the metadata device's is
// touched, because the metadata super is the one that makes the volume what
// it is: until it has changed, the volume is the old one. Running the same
// job again after an interruption between the two finishes it, since each
// super is compared with what it should say and both keep fsid and uuid.
//
// A power failure can also tear a write on storage whose sectors are smaller
// than 4 KiB. The format version, the header and its checksum lie in the
// first 512 bytes, so a torn change of version leaves the old or the new
// super. So does a change of quorum slots 0 to 12; one of slots 13 and 14
// may leave a super that does not verify. A torn new data super is
// recognised and written again.
//
// Each written super starts over with header sequence 1, as upstream's tools
// do. Nothing compares it.
package convert
