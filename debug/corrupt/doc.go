// SPDX-License-Identifier: GPL-2.0-or-later

// Package corrupt damages volumes on purpose, in ways that are known: a
// catalogue of kinds of damage, each of which breaks one rule of the format
// and no other.
//
// It proves checkers: the problem that a kind is of must be found, and nothing
// else. So a kind keeps right whatever follows from what it changes, such as
// checksums, sums and counterparts, unless that is the damage.
//
// What a kind needs of a volume is looked for at random places, which depend
// on a seed and the volume only: the same damage can be made again.
package corrupt
