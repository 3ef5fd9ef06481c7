// SPDX-License-Identifier: GPL-2.0-or-later

package srch

// cancelPairs drops what is in a sorted list an even number of times, and all
// but one of what is there an odd number of times. It writes over the list.
func cancelPairs[T comparable](sorted []T) []T {
	kept := sorted[:0]
	for _, e := range sorted {
		if n := len(kept); n > 0 && kept[n-1] == e {
			kept = kept[:n-1]
		} else {
			kept = append(kept, e)
		}
	}
	return kept
}
