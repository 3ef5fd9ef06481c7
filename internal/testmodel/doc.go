// SPDX-License-Identifier: GPL-2.0-or-later

// Package testmodel is a scoutfs volume as a few maps in memory: what every
// operation on it means, written down a second time in the simplest way, for
// tests that compare what the engine does with it.
//
// The model follows the rules of upstream's kernel module for results, errnos,
// and the fields that change. What an engine is free to choose it does not
// predict but takes over: inode numbers, how far data is preallocated, how much
// the data version grows. [Model.Compare] checks those for what must hold.
package testmodel
