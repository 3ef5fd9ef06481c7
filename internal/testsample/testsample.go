// SPDX-License-Identifier: GPL-2.0-or-later

// Package testsample lets tests look at a part of what is large: a part that
// is the same in every run, and large enough for what the test is about. With
// SCOUTFS_TEST_ALL=1 in the environment they look at everything, which takes
// the race detector too long for every change.
package testsample

import (
	"math/rand/v2"
	"os"
	"slices"
)

// All reports whether tests are to look at everything.
func All() bool { return os.Getenv("SCOUTFS_TEST_ALL") != "" }

// Few returns how many of all repetitions of a random trial to make: few of
// them, or all if All says so.
func Few(few, all int) int {
	if All() {
		return all
	}
	return few
}

// Indexes returns n of the numbers below total, ascending, the first and the
// last among them; all of them if there are no more or All says so.
func Indexes(total, n int) []int {
	if All() || n >= total {
		n = total
	}
	every := make([]int, total)
	for i := range every {
		every[i] = i
	}
	if n == total {
		return every
	}
	// The ends come first, so that they are never left out.
	every[1], every[total-1] = every[total-1], every[1]
	rest := every[min(2, n):]
	rand.New(rand.NewPCG(uint64(total), uint64(n))).Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })
	return slices.Sorted(slices.Values(every[:n]))
}

// Of returns n elements of a list in their order, as [Indexes] picks them.
func Of[T any](list []T, n int) []T {
	some := make([]T, 0, min(n, len(list)))
	for _, i := range Indexes(len(list), n) {
		some = append(some, list[i])
	}
	return some
}
