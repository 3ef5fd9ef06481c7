// SPDX-License-Identifier: GPL-2.0-or-later

package items

import (
	"fmt"

	"scoutfs/engine/forest"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

// seqIndex takes an item of an index of changes.
func (w *worker) seqIndex(k format.Key) {
	c := classMetaSeq
	if k.Type == format.TypeDataSeq {
		c = classDataSeq
	}
	if w.detail != nil {
		w.detail.byIno(c, k.Third, fromIndex, k.Second)
		return
	}
	h := w.inoHash(k.Third)
	w.sums.of[c].Sub(h, w.mixer.Then(h, k.Second))
}

// orphan takes the item of an inode without links.
func (w *worker) orphan(k format.Key) {
	if w.detail != nil {
		w.detail.byIno(classOrphan, k.Second, fromIndex, 0)
		return
	}
	h := w.inoHash(k.Second)
	w.sums.of[classOrphan].Sub(h, w.mixer.Then(h, 0))
}

// total takes a total, all versions of which have been added up.
func (w *worker) total(it *forest.Item) {
	value, err := format.ViewExact[format.XattrTotal](it.Value)
	if err != nil {
		return // the cursor makes it
	}
	name := [3]uint64{it.Key.First, it.Key.Second, it.Key.Third}
	if w.detail != nil {
		w.detail.totalItem(name, value.Total.Get(), value.Count.Get())
		return
	}
	t := totalHash(&w.mixer, name)
	w.sums.of[classTotal].Sub(t.h, t.v*value.Total.Get())
	w.sums.of[classCount].Sub(t.h, t.v*value.Count.Get())
}

// indx takes an entry of the index of attributes.
func (w *worker) indx(k format.Key) {
	if w.version < 2 {
		w.find(problem.FormatFeature, k, "", "an entry of the index of attributes", "none in a volume of format 1")
		return
	}
	w.addIndx(k.Indx(), false)
}

// addIndx takes an entry from either side.
func (w *worker) addIndx(x format.XattrIndx, attribute bool) {
	if w.detail != nil {
		from := fromIndex
		if attribute {
			from = fromItems
		}
		w.detail.indx(x, from)
		return
	}
	h := w.mixer.Two(x.Ino, x.ID)
	v := w.mixer.Then(w.mixer.Then(h, uint64(x.Major)), x.Minor)
	if attribute {
		w.sums.of[classIndx].Add(h, v)
	} else {
		w.sums.of[classIndx].Sub(h, v)
	}
}

// laxQuotaOp is an operation that does not exist and that upstream lets pass
// (docs/format.md B; kmod/src/quota.c: valid_rule).
const laxQuotaOp = 2

// quota takes a quota rule.
func (w *worker) quota(it *forest.Item) {
	k := it.Key
	rule, err := format.ViewExact[format.QuotaRule](it.Value)
	if err != nil {
		w.find(problem.QuotaRule, k, "", fmt.Sprintf("%d bytes", len(it.Value)), fmt.Sprint(format.Size[format.QuotaRule]()))
		return
	}
	if w.version < 2 {
		w.find(problem.FormatFeature, k, "", "a quota rule", "none in a volume of format 1")
	}
	valid := *rule
	if valid.Op == laxQuotaOp {
		valid.Op = format.QuotaOpInode
	}
	if bad := valid.Check(); bad != nil {
		w.find(problem.QuotaRule, k, "", bad.Error(), "a valid rule")
	}
	if hash := rule.Hash(); hash != k.Second {
		w.find(problem.QuotaRuleHash, k, "", fmt.Sprintf("%016x", k.Second), fmt.Sprintf("%016x", hash))
	}
	if w.ruled && w.hash == k.Second && w.rule.Compare(rule) == 0 {
		w.find(problem.QuotaRuleTwice, k, "", "a rule equal to the one before it", "one")
	}
	w.rule, w.ruled, w.hash = *rule, true, k.Second
}
