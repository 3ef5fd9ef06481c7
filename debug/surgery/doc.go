// SPDX-License-Identifier: GPL-2.0-or-later

// Package surgery reads, shows and changes single structures of a volume in
// place: supers, quorum blocks, items of btrees, block lists, search files,
// bloom filters.
//
// It is for making damage and for looking at it, not for running a volume:
// nothing is copied on write, a changed block keeps its place and its
// sequence number so that references to it stay right, and nothing is kept
// consistent but what a function says.
//
// # Holding and writing
//
// A [Volume] holds in memory each block that is to be changed; callers change
// the bytes through views of the structures in them. Nothing reaches a device
// before [Volume.Write], which seals the blocks that changed unless it is told
// not to, so a change that cannot be completed leaves the devices as they
// were. [Volume.Changes] tells each run of bytes that differs.
//
// # Untrusted bytes
//
// Functions that follow references check that they stay on the device and go
// down level by level; those that change a tree block's structure refuse one
// that does not verify. Reading takes memory for one path of a tree, for the
// parents of the tree that is walked, and for what is held.
//
// A Volume is used by one goroutine.
package surgery
