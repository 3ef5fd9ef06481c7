// SPDX-License-Identifier: GPL-2.0-or-later

package alloc

import (
	"fmt"

	"scoutfs/engine/format"
)

// ExtentRule is one of the rules that the items of an extent tree have to keep
// (docs/format.md 3.3, 3.5, 6.1).
type ExtentRule uint8

// The rules of extents.
const (
	ExtentKey     ExtentRule = iota // a key is that of an extent of some blocks
	ExtentRange                     // extents lie on the device
	ExtentOverlap                   // extents do not overlap
	ExtentOrder                     // an item by size has the order of its length
	ExtentNoOrder                   // each extent has an item by size
	ExtentNoBlkno                   // each extent has an item by place
	ExtentTotal                     // total_len is the sum of the lengths
)

// ExtentError says which rule an extent tree breaks. It wraps the
// [*format.CorruptError] that tells the rest.
type ExtentError struct {
	Rule ExtentRule
	Key  format.Key // of the item; zero for ExtentTotal
	Err  *format.CorruptError
}

// Error is that of the wrapped error.
func (e *ExtentError) Error() string { return e.Err.Error() }

// Unwrap returns the wrapped error.
func (e *ExtentError) Unwrap() error { return e.Err }

// ExtentCheck checks the items of an extent tree as they pass, in the order of
// their keys. It takes no memory per extent.
type ExtentCheck struct {
	// Extents must lie in [First, End).
	First, End uint64

	last        format.Extent // of the items by place
	place, size tally         // of the items of either kind
	lost        bool          // an item is none, so nobody knows the sum
}

// Add takes the next item's key. It returns the item's extent, which has no
// blocks if the item is none, and the first thing that is wrong with it.
func (c *ExtentCheck) Add(key format.Key) (format.Extent, *ExtentError) {
	e, ok := key.FreeExtent()
	if !ok || !e.Valid() {
		c.lost = true
		return format.Extent{}, wrongExtent(ExtentKey, key, extentText(e), "at least one block and no wrap")
	}
	want := format.FreeBlknoKey(e)
	if key.Zone == format.ZoneFreeOrder {
		c.size.add(e)
		want = format.FreeOrderKey(e)
		if key == want {
			return e, nil
		}
		rule := ExtentOrder
		if key.First == want.First {
			rule = ExtentKey
		}
		return e, wrongKey(rule, key, want)
	}
	c.place.add(e)
	last := c.last
	c.last = e
	switch {
	case key != want:
		return e, wrongKey(ExtentKey, key, want)
	case e.Start < c.First || e.End() >= c.End:
		return e, wrongExtent(ExtentRange, key, extentText(e), fmt.Sprintf("blocks of at least %d and less than %d", c.First, c.End))
	case last.Len > 0 && e.Start <= last.End():
		return e, wrongExtent(ExtentOverlap, key, extentText(e), "no overlap with "+extentText(last))
	}
	return e, nil
}

// Total returns what is wrong with a total_len, when all items have passed;
// nil if nothing is.
func (c *ExtentCheck) Total(totalLen uint64) *ExtentError {
	// A missing item must not make the total wrong that includes it.
	if c.lost || totalLen == c.place.blocks || totalLen == c.size.blocks && !c.Paired() {
		return nil
	}
	return &ExtentError{Rule: ExtentTotal, Err: &format.CorruptError{
		Structure: "alloc root",
		Field:     "total_len",
		Found:     fmt.Sprint(totalLen),
		Expected:  fmt.Sprintf("%d, the sum of its extents", c.place.blocks),
	}}
}

// Paired reports whether the items by place and by size are of the same
// extents, when all items have passed. If not, [Extents.Unpaired] finds those
// that are not.
func (c *ExtentCheck) Paired() bool { return c.place == c.size }

func wrongExtent(rule ExtentRule, key format.Key, found, expected string) *ExtentError {
	return &ExtentError{rule, key, extentError(key, found, expected)}
}

func wrongKey(rule ExtentRule, key, want format.Key) *ExtentError {
	return &ExtentError{rule, key, &format.CorruptError{
		Structure: "free extent", Field: "key", Found: key.String(), Expected: want.String(),
	}}
}

// tally sums up extents so that different sets of them almost surely have
// different sums, whatever their order.
type tally struct {
	extents, blocks, hash uint64
}

func (t *tally) add(e format.Extent) {
	t.extents++
	t.blocks += e.Len
	t.hash += mix(mix(e.Start) + e.Len)
}

// mix is the finalizer of splitmix64 (Steele, Lea and Flood, 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
