// SPDX-License-Identifier: GPL-2.0-or-later

package forest

import (
	"scoutfs/engine/format"
)

// totals adds up the versions of one total by bucket.
type totals struct {
	buckets [buckets]struct {
		total, count uint64
		seq          uint64 // of the last version added
		found        bool
	}
}

// add takes a version of the total. Versions of one bucket must be added in
// the order of their trees, since the last one's seq counts
// (kmod/src/totl.c: scoutfs_totl_merge_contribute).
func (t *totals) add(b bucket, seq uint64, val []byte) error {
	v, err := format.ViewExact[format.XattrTotal](val)
	if err != nil {
		return err
	}
	to := &t.buckets[b]
	to.total += v.Total.Get()
	to.count += v.Count.Get()
	to.seq = seq
	to.found = true
	return nil
}

// resolve returns the sum. fs_root may or may not have taken up the inputs
// of a merge: if it has, its item carries their seq. exists is false for a
// sum of zero, which is no total.
func (t *totals) resolve() (sum format.XattrTotal, exists bool) {
	fs, input, log := &t.buckets[bucketFS], &t.buckets[bucketInput], &t.buckets[bucketLog]
	total, count := fs.total+log.total, fs.count+log.count
	if fs.found && input.seq > fs.seq || !fs.found && int64(input.count) > 0 {
		total += input.total
		count += input.count
	}
	sum.Total.Set(total)
	sum.Count.Set(count)
	return sum, total != 0 || count != 0
}

// addTotals returns the sum of two deltas, modulo 2^64.
func addTotals(a, b []byte) (sum format.XattrTotal, err error) {
	for _, val := range [][]byte{a, b} {
		v, err := format.ViewExact[format.XattrTotal](val)
		if err != nil {
			return format.XattrTotal{}, err
		}
		sum.Total.Set(sum.Total.Get() + v.Total.Get())
		sum.Count.Set(sum.Count.Get() + v.Count.Get())
	}
	return sum, nil
}
