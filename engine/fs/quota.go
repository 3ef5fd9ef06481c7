// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"fmt"
	"iter"
	"math"

	"scoutfs/engine/format"
)

// QuotaRule is a quota rule and its place among the rules, which are ordered
// by Hash, then Collision.
type QuotaRule struct {
	Hash      uint64 // of the rule, see format.QuotaRule.Hash
	Collision uint64 // tells rules with the same hash apart
	Rule      *format.QuotaRule
}

// QuotaRules returns the quota rules in the order of their places, from one
// on. There are none in format version 1. A rule that may not be stored is
// damage.
func (f *FS) QuotaRules(ctx context.Context, hash, collision uint64) iter.Seq2[QuotaRule, error] {
	return func(yield func(QuotaRule, error) bool) {
		c := f.snapshot.Cursor(format.Range{
			Start: format.QuotaRuleKey(hash, collision),
			End:   format.QuotaRuleKey(math.MaxUint64, math.MaxUint64),
		})
		for c.Next(ctx) {
			it := c.Item()
			if !yield(decodeQuotaRule(it.Key, it.Value)) {
				return
			}
		}
		if err := c.Err(); err != nil {
			yield(QuotaRule{}, err)
		}
	}
}

func decodeQuotaRule(k format.Key, val []byte) (QuotaRule, error) {
	r := QuotaRule{Hash: k.Second, Collision: k.Third}
	v, err := format.ViewExact[format.QuotaRule](val)
	if err == nil {
		err = v.Check()
	}
	if err != nil {
		return r, atItem(k, err)
	}
	if hash := v.Hash(); hash != r.Hash {
		return r, corruptItem(k, "hash", fmt.Sprintf("%016x", r.Hash), fmt.Sprintf("%016x, the rule's", hash), "")
	}
	r.Rule = v
	return r, nil
}
