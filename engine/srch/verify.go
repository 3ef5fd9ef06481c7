// SPDX-License-Identifier: GPL-2.0-or-later

package srch

import (
	"fmt"
	"iter"

	"scoutfs/engine/format"
)

// Rule is one of the rules that a leaf has to keep (docs/format.md 8.2, 8.3).
type Rule uint8

// The rules that VerifyLeaf knows.
const (
	RuleEncoding Rule = iota // there are as many entries and bytes as the leaf says
	RuleOrder                // entries of a sorted file do not descend
	RuleBounds               // first, last and tail are those of the entries
)

// Violation is a rule that a leaf breaks.
type Violation struct {
	Rule Rule
	Err  *format.CorruptError
}

// VerifyLeaf yields everything about a leaf that the format does not allow:
// entries that do not end where they should, first, last or tail that are
// not those of the entries, and in a sorted file entries out of order; only
// the first entry that is. The block's header is not looked at but for its
// number.
//
// each, if not nil, is called for every entry in the order of encoding, up to
// where the encoding is wrong. It does not matter how many violations are
// asked for.
//
// The empty leaf that can end a sorted file has any first (docs/format.md B,
// 9).
func VerifyLeaf(b *format.SrchBlock, sorted bool, each func(format.SrchEntry)) iter.Seq[Violation] {
	return func(yield func(Violation) bool) {
		v := leafCheck{b: b, each: each}
		v.decode()
		if v.d.bad != nil {
			yield(Violation{RuleEncoding, v.d.bad})
			return // the rest is about all entries
		}
		if sorted && v.descends >= 0 && !yield(v.violation(RuleOrder, "entry", v.descends, fmt.Sprintf("at least %v", v.above))) || v.n == 0 {
			return
		}
		for _, f := range []struct {
			name            string
			found, expected format.SrchEntry
		}{
			{"first", b.First.Entry(), v.first},
			{"last", b.Last.Entry(), v.last},
			{"tail", b.Tail.Entry(), v.tail},
		} {
			if f.found != f.expected && !yield(v.violation(RuleBounds, f.name, f.found, f.expected)) {
				return
			}
		}
	}
}

// leafCheck is what a pass over a leaf's entries finds out.
type leafCheck struct {
	b    *format.SrchBlock
	d    Decoder
	each func(format.SrchEntry)

	n                 int
	first, last, tail format.SrchEntry
	// descends is the place of the first entry that is less than the one
	// before, which is above; -1 if none is.
	descends int
	above    format.SrchEntry
}

func (v *leafCheck) decode() {
	v.d, v.descends = NewDecoder(v.b), -1
	for e, ok := v.d.Next(); ok; e, ok = v.d.Next() {
		if v.each != nil {
			v.each(e)
		}
		if v.n == 0 {
			v.first, v.last = e, e
		} else if v.descends < 0 && e.Compare(v.tail) < 0 {
			v.descends, v.above = v.n, v.tail
		}
		if e.Compare(v.first) < 0 {
			v.first = e
		}
		if e.Compare(v.last) > 0 {
			v.last = e
		}
		v.tail = e
		v.n++
	}
}

func (v *leafCheck) violation(rule Rule, field string, found, expected any) Violation {
	return Violation{rule, leafError(v.b, field, fmt.Sprint(found), fmt.Sprint(expected))}
}
