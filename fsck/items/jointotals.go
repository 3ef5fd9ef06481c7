// SPDX-License-Identifier: GPL-2.0-or-later

package items

import (
	"fmt"

	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
	"scoutfs/fsck/runs"
)

// totalSums add up what belongs to one total.
type totalSums struct {
	open  bool
	name  [3]uint64
	sides [2]struct {
		found        bool
		total, count uint64
	}
	unsure bool
}

// total takes a record of a total.
func (j *join) total(r *runs.Record) {
	name := [3]uint64{r[1], r[2], r[3]}
	if j.sum.open && j.sum.name != name {
		j.endTotal()
	}
	j.sum.open, j.sum.name = true, name
	if from(r[4]) == fromUnknown {
		j.sum.unsure = true
		return
	}
	s := &j.sum.sides[r[4]]
	s.found = true
	s.total += r[5]
	s.count += r[6]
}

// endTotal compares a total with the sum of its attributes.
func (j *join) endTotal() {
	s := j.sum
	j.sum = totalSums{}
	k := format.TotlKey(s.name[0], s.name[1], s.name[2])
	if !s.open || s.unsure || j.c.unknownKey(k) || j.c.totalsUnsure() {
		return
	}
	attributes, item := &s.sides[fromItems], &s.sides[fromIndex]
	text := func(total, count uint64) string {
		return fmt.Sprintf("%d, the sum of %d attributes", int64(total), int64(count))
	}
	f := problem.Finding{Place: itemPlace(k, ""), Found: text(item.total, item.count), Expected: text(attributes.total, attributes.count)}
	switch {
	case attributes.total == item.total && attributes.count == item.count:
		return
	case !item.found:
		f.Number, f.Found = problem.TotalMissing, "none"
	case !attributes.found:
		f.Number, f.Expected = problem.TotalStale, "none without attributes"
	default:
		f.Number = problem.TotalWrong
	}
	j.c.limiter.find(f)
}

// totalsUnsure reports whether there may be attributes that are not known, so
// that no sum can be told.
func (c *check) totalsUnsure() bool { return c.unknownFiles() || len(c.lists.badXattrs.all) > 0 }
