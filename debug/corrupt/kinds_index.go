// SPDX-License-Identifier: GPL-2.0-or-later

package corrupt

import (
	"errors"

	"scoutfs/debug/surgery"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

func indexKinds() []Kind {
	// lose removes an entry of an index.
	lose := func(kind format.ItemKind) func(*operation) error {
		return func(op *operation) error { return op.eachFS(kind, anyItem, op.removeOnly) }
	}
	// old adds an entry with a sequence number that its inode does not have.
	old := func(kind format.ItemKind) func(*operation) error {
		return func(op *operation) error {
			return op.eachFS(kind, anyItem, func(it surgery.Item) error {
				k := it.Key
				k.Second = op.rng.Uint64N(op.super.Seq.Get() + 1)
				return op.put(k, nil)
			})
		}
	}
	// stray adds an entry of an inode that does not exist.
	stray := func(typ uint8) func(*operation) error {
		return func(op *operation) error {
			ino, err := op.unusedIno()
			if err != nil {
				return err
			}
			return op.put(format.InodeIndexKey(typ, op.rng.Uint64N(op.super.Seq.Get()+1), ino), nil)
		}
	}
	return []Kind{
		{
			Name: "meta-index-lost", Problem: problem.MetaSeqIndexMissing, Needs: "inode",
			Does: "Removes an inode from the index of changes.", apply: lose(format.KindMetaSeqIndex),
		},
		{
			Name: "meta-index-old", Problem: problem.MetaSeqIndexStale, Needs: "inode",
			Does: "Adds a second entry of an inode to the index of changes.", apply: old(format.KindMetaSeqIndex),
		},
		{
			Name: "meta-index-stray", Problem: problem.MetaSeqIndexStale, Needs: "inode number that is not in use",
			Does: "Adds an entry of an inode that does not exist to the index of changes.", apply: stray(format.TypeMetaSeq),
		},
		{
			Name: "data-index-lost", Problem: problem.DataSeqIndexMissing, Needs: "regular file",
			Does: "Removes a file from the index of changes of data.", apply: lose(format.KindDataSeqIndex),
		},
		{
			Name: "data-index-old", Problem: problem.DataSeqIndexStale, Needs: "regular file",
			Does: "Adds a second entry of a file to the index of changes of data.", apply: old(format.KindDataSeqIndex),
		},
		{
			Name: "data-index-stray", Problem: problem.DataSeqIndexStale, Needs: "inode number that is not in use",
			Does: "Adds an entry of an inode that does not exist to the index of changes of data.", apply: stray(format.TypeDataSeq),
		},
		{
			Name: "xattr-index-lost", Problem: problem.IndexEntryMissing, Needs: "indexed attribute",
			Does: "Removes an attribute from the index of attributes.", apply: lose(format.KindXattrIndx),
		},
		{
			Name: "xattr-index-stray", Problem: problem.IndexEntryStale, Needs: "inode in a volume of format 2",
			Does: "Adds an entry to the index of attributes that no attribute has.",
			apply: func(op *operation) error {
				_, it, err := op.someInode(linked)
				if err != nil || op.super.FmtVers.Get() < 2 {
					return firstError(err, errNone)
				}
				return op.put(format.IndxKey(format.XattrIndx{Major: 5, Minor: op.some(), Ino: it.Key.First, ID: op.some()}), nil)
			},
		},
	}
}

func totalKinds() []Kind {
	// change adds to the value of a total.
	change := func(by func(*operation, *format.XattrTotal)) func(*operation) error {
		return func(op *operation) error {
			return op.eachCounted(func(it surgery.Item) error {
				t, err := view[format.XattrTotal](op, it)
				if err == nil {
					by(op, t)
				}
				return err
			})
		}
	}
	return []Kind{
		{
			Name: "total-sum", Problem: problem.TotalWrong, Needs: "total",
			Does:  "Changes the sum of a total.",
			apply: change(func(op *operation, t *format.XattrTotal) { t.Total.Set(t.Total.Get() + op.some()) }),
		},
		{
			Name: "total-count", Problem: problem.TotalWrong, Needs: "total",
			Does:  "Changes the count of a total.",
			apply: change(func(op *operation, t *format.XattrTotal) { t.Count.Set(t.Count.Get() + op.some()) }),
		},
		{
			Name: "total-lost", Problem: problem.TotalMissing, Needs: "total",
			Does: "Removes a total.",
			apply: func(op *operation) error {
				return op.eachCounted(func(it surgery.Item) error {
					t, err := format.ViewExact[format.XattrTotal](it.Value)
					if err != nil || t.IsZero() {
						return errors.Join(err, errNone)
					}
					return op.removeOnly(it)
				})
			},
		},
		{
			Name: "total-stray", Problem: problem.TotalStale, Needs: "room in fs_root",
			Does: "Adds a total that no attribute belongs to.",
			apply: func(op *operation) error {
				var t format.XattrTotal
				t.Total.Set(op.some())
				t.Count.Set(1)
				return op.put(format.TotlKey(op.rng.Uint64(), op.rng.Uint64(), op.rng.Uint64()), format.Bytes(&t))
			},
		},
	}
}

// eachCounted calls try with the versions of totals that count: all but those
// of the inputs of a merge, of which fs_root may have taken up some
// (docs/format.md 7.3), unless there is no other version.
func (op *operation) eachCounted(try func(surgery.Item) error) error {
	return op.scan(op.fsTrees(), func(it surgery.Item) error {
		if kindOf(it) != format.KindXattrTotl {
			return errNone
		}
		if it.Tree.Log != nil && it.Tree.Log.Finalized() {
			if ok, err := op.only(it); err != nil || !ok {
				return firstError(err, errNone)
			}
		}
		return op.attempt(func() error { return try(it) })
	})
}

func quotaKinds() []Kind {
	const (
		rule = "quota rule"
		room = "volume of format 2 with room in fs_root"
	)
	// plant adds a rule that no volume has yet.
	plant := func(version uint64, change func(*operation, *format.QuotaRule)) func(*operation) error {
		return func(op *operation) error {
			if op.super.FmtVers.Get() != version {
				return errNone
			}
			var r format.QuotaRule
			r.NameVal[0].Set(op.rng.Uint64())
			r.Limit.Set(op.some())
			change(op, &r)
			return op.put(format.QuotaRuleKey(r.Hash(), 0), format.Bytes(&r))
		}
	}
	return []Kind{
		{
			Name: "quota-op", Problem: problem.QuotaRule, Needs: room,
			Does:  "Adds a quota rule for an operation that does not exist.",
			apply: plant(2, func(op *operation, r *format.QuotaRule) { r.Op = byte(3 + op.pick(200)) }),
		},
		{
			Name: "quota-flags", Problem: problem.QuotaRule, Needs: room,
			Does:  "Adds a quota rule with a flag that does not exist.",
			apply: plant(2, func(op *operation, r *format.QuotaRule) { r.RuleFlags = 2 << op.pick(7) }),
		},
		{
			Name: "quota-select", Problem: problem.QuotaRule, Needs: room,
			Does: "Adds a quota rule that selects by a literal number.",
			apply: plant(2, func(_ *operation, r *format.QuotaRule) {
				r.NameSource[0], r.NameFlags[0] = format.QuotaSourceLiteral, format.QuotaNameSelect
			}),
		},
		{
			Name: "quota-hash", Problem: problem.QuotaRuleHash, Needs: rule,
			Does: "Files a quota rule under a wrong hash.",
			apply: func(op *operation) error {
				return op.eachFS(format.KindQuotaRule, anyItem, func(it surgery.Item) error {
					k := it.Key
					k.Second ^= 1 << op.pick(64)
					return op.rekeyOnly(it, k)
				})
			},
		},
		{
			Name: "quota-twice", Problem: problem.QuotaRuleTwice, Needs: rule,
			Does: "Adds a quota rule that exists already.",
			apply: func(op *operation) error {
				return op.eachFS(format.KindQuotaRule, anyItem, func(it surgery.Item) error {
					return op.put(format.QuotaRuleKey(it.Key.Second, it.Key.Third+1), it.Value)
				})
			},
		},
		{
			Name: "feature-quota", Problem: problem.FormatFeature, Needs: "volume of format 1 with room in fs_root",
			Does:  "Adds a quota rule to a volume of format 1.",
			apply: plant(1, func(*operation, *format.QuotaRule) {}),
		},
		{
			Name: "feature-index", Problem: problem.FormatFeature, Needs: "inode in a volume of format 1",
			Does: "Adds an indexed attribute, with its entry, to a volume of format 1.",
			apply: func(op *operation) error {
				_, it, err := op.someInode(linked)
				if err != nil || op.super.FmtVers.Get() != 1 {
					return firstError(err, errNone)
				}
				return op.addIndexed(it.Key.First, nil)
			},
		},
		{
			Name: "feature-retention", Problem: problem.FormatFeature, Needs: "regular file in a volume of format 1",
			Does: "Sets the retention flag of a file in a volume of format 1.",
			apply: func(op *operation) error {
				if op.super.FmtVers.Get() != 1 {
					return errNone
				}
				return onInode(is(format.ModeRegular), func(_ *operation, in *format.InodeV1) {
					in.Flags.Set(in.Flags.Get() | format.InodeFlagRetention)
				})(op)
			},
		},
	}
}
