// SPDX-License-Identifier: GPL-2.0-or-later

package items_test

import (
	"slices"
	"testing"

	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
	"scoutfs/internal/testtree"
)

// xattrKey is a part of one of the file's attributes.
func xattrKey(name string, id uint64, part uint8) format.Key {
	return format.XattrKey(file, format.XattrNameHash(name), id, part)
}

// xattrHead returns the first part of an attribute.
func xattrHead(name, value string, change func(h *format.XattrHead)) []byte {
	var head format.XattrHead
	head.ValLen.Set(uint16(len(value)))
	head.NameLen = byte(len(name))
	if change != nil {
		change(&head)
	}
	part := slices.Concat(format.Bytes(&head), []byte(name), []byte(value))
	return part[:min(len(part), format.MaxBtreeValue)]
}

func TestDamagedAttributesAreFound(t *testing.T) {
	t.Parallel()
	put := func(k format.Key, value []byte) func(v *testtree.Volume) {
		return func(v *testtree.Volume) { v.Item(k, value) }
	}
	with := func(name, value string) func(v *testtree.Volume) {
		return func(v *testtree.Volume) { v.Xattr(file, name, value) }
	}
	big := string(make([]byte, 3000)) // parts of 896, 896, 896 and 331 bytes
	run(t, []damage{
		{name: "first part missing", change: put(xattrKey("trusted.big", 1, 0), nil), want: one(problem.XattrPartMissing), ino: file},
		{
			name: "first parts missing of an inode that is being deleted", change: func(v *testtree.Volume) {
				v.Xattr(orphan, "user.big", big)
				for part := range uint8(2) {
					v.Item(format.XattrKey(orphan, format.XattrNameHash("user.big"), 0, part), nil)
				}
			},
		},
		{
			name: "first parts missing of the second attribute of such an inode", change: func(v *testtree.Volume) {
				v.Xattr(orphan, "user.big", big)
				v.Xattr(orphan, "user.b", "b")
				for part := range uint8(2) {
					v.Item(format.XattrKey(orphan, format.XattrNameHash("user.big"), 0, part), nil)
				}
			},
			want: one(problem.XattrPartMissing), ino: orphan,
		},
		{name: "middle part missing", change: put(xattrKey("trusted.big", 1, 2), nil), want: one(problem.XattrPartMissing), ino: file, of: "trusted.big"},
		{name: "last part missing", change: put(xattrKey("trusted.big", 1, 3), nil), want: one(problem.XattrPartMissing), ino: file, of: "trusted.big"},
		{name: "part too many", change: put(xattrKey("trusted.big", 1, 4), make([]byte, 5)), want: one(problem.XattrPartExtra), ino: file, of: "trusted.big"},
		{name: "second part of a short one", change: put(xattrKey("user.a", 0, 1), make([]byte, 5)), want: one(problem.XattrPartExtra), ino: file, of: "user.a"},
		{name: "short part", change: put(xattrKey("trusted.big", 1, 1), make([]byte, 895)), want: one(problem.XattrPartSize), ino: file, of: "trusted.big"},
		{name: "short last part", change: put(xattrKey("trusted.big", 1, 3), make([]byte, 5)), want: one(problem.XattrPartSize), ino: file, of: "trusted.big"},
		{
			name: "length of the value", want: one(problem.XattrHead), ino: file, of: "user.a",
			change: put(xattrKey("user.a", 0, 0), xattrHead("user.a", "b", func(h *format.XattrHead) { h.ValLen.Set(2) })),
		},
		{
			name: "length of a long value", want: one(problem.XattrPartSize), ino: file, of: "trusted.big",
			change: put(xattrKey("trusted.big", 1, 0), xattrHead("trusted.big", big, func(h *format.XattrHead) { h.ValLen.Set(60000) })),
		},
		{
			name: "no name", want: one(problem.XattrHead), ino: file,
			change: put(xattrKey("user.a", 0, 0), xattrHead("user.a", "b", func(h *format.XattrHead) { h.NameLen = 0 })),
		},
		{
			name: "name beyond the part", want: one(problem.XattrHead), ino: file,
			change: put(xattrKey("user.a", 0, 0), xattrHead("user.a", "b", func(h *format.XattrHead) { h.NameLen = 200 })),
		},
		{name: "no head", change: put(xattrKey("user.a", 0, 0), []byte("abc")), want: one(problem.XattrHead), ino: file},
		{
			name: "hash", want: one(problem.XattrHash), ino: file, of: "user.a",
			change: func(v *testtree.Volume) {
				v.Item(xattrKey("user.a", 0, 0), nil)
				v.Item(format.XattrKey(file, 77, 0, 0), xattrHead("user.a", "b", nil))
			},
		},
		{name: "name", change: put(xattrKey("user.a", 0, 0), xattrHead("user.c", "b", nil)), want: one(problem.XattrHash), ino: file, of: "user.c"},
		{name: "name twice", change: with("user.a", "x"), want: one(problem.XattrDuplicate), ino: file, of: "user.a"},
		{name: "unknown namespace", change: with("other.a", ""), want: one(problem.XattrName), ino: file, of: "other.a"},
		{name: "namespace only", change: with("user.", ""), want: one(problem.XattrName), ino: file, of: "user."},
		{name: "unknown list", change: with("system.posix_acl", ""), want: one(problem.XattrName), ino: file, of: "system.posix_acl"},
		{name: "NUL in a name", change: with("user.a\x00b", ""), want: one(problem.XattrName), ino: file, of: "user.a\x00b"},
		{name: "unknown tag", change: with("scoutfs.what.is.this", ""), want: one(problem.XattrName), ino: file, of: "scoutfs.what.is.this"},
		{name: "tag twice", change: with("scoutfs.hide.hide.x", ""), want: one(problem.XattrName), ino: file, of: "scoutfs.hide.hide.x"},
		{name: "short name without tags", change: with("scoutfs.x", "y")},
		{name: "name of a total", change: with("scoutfs.totl.1.2", "5"), want: one(problem.XattrTagValue), ino: file, of: "scoutfs.totl.1.2"},
		{name: "value of a total", change: with("scoutfs.totl.1.2.4", "five"), want: one(problem.XattrTagValue), ino: file, of: "scoutfs.totl.1.2.4"},
		{name: "long value of a total", change: with("scoutfs.totl.1.2.4", "000000000000000000000005"), want: one(problem.XattrTagValue), ino: file, of: "scoutfs.totl.1.2.4"},
		{name: "name of an indexed one", change: func(v *testtree.Volume) {
			v.Xattr(file, "scoutfs.indx.256.2", "")
			v.Item(format.IndxKey(format.XattrIndx{Ino: file, ID: 7}), nil)
		}, want: one(problem.XattrTagValue), ino: file, of: "scoutfs.indx.256.2"},
		{name: "value of an indexed one", change: with("scoutfs.indx.25.2", "5"), want: one(problem.XattrTagValue), ino: file, of: "scoutfs.indx.25.2"},
		{
			name: "list", want: one(problem.ACLInvalid), ino: file, of: format.XattrACLAccess,
			change: put(xattrKey(format.XattrACLAccess, 5, 0), xattrHead(format.XattrACLAccess, acl()[:11], nil)),
		},
		{
			name: "order of a list", want: one(problem.ACLInvalid), ino: file, of: format.XattrACLAccess,
			change: put(xattrKey(format.XattrACLAccess, 5, 0), xattrHead(format.XattrACLAccess, acl()+acl()[4:], nil)),
		},
		{name: "default list of a file", change: with(format.XattrACLDefault, acl()), want: one(problem.ACLInvalid), ino: file, of: format.XattrACLDefault},
	})
}

func TestDamagedTotalsAreFound(t *testing.T) {
	t.Parallel()
	put := func(k format.Key, value []byte) func(v *testtree.Volume) {
		return func(v *testtree.Volume) { v.Item(k, value) }
	}
	run(t, []damage{
		{name: "sum", change: put(format.TotlKey(1, 2, 3), total(22, 2)), want: one(problem.TotalWrong)},
		{name: "count", change: put(format.TotlKey(1, 2, 3), total(21, 1)), want: one(problem.TotalWrong)},
		{name: "missing", change: put(format.TotlKey(1, 2, 3), nil), want: one(problem.TotalMissing)},
		{name: "of nothing", change: put(format.TotlKey(1, 2, 4), total(5, 1)), want: one(problem.TotalStale)},
		{name: "of nothing and zero", change: put(format.TotlKey(1, 2, 4), total(0, 0))},
		{name: "value of an attribute", change: put(xattrKey("scoutfs.totl.x.1.2.3", 2, 0), xattrHead("scoutfs.totl.x.1.2.3", "6", nil)), want: one(problem.TotalWrong)},
		{
			name: "another name", want: []problem.Number{problem.TotalMissing, problem.TotalStale},
			change: func(v *testtree.Volume) {
				v.Item(format.TotlKey(1, 2, 3), nil)
				v.Item(format.TotlKey(1, 3, 2), total(21, 2))
			},
		},
	})
}

func TestDamagedIndexesAreFound(t *testing.T) {
	t.Parallel()
	without := func(k format.Key) func(v *testtree.Volume) { return func(v *testtree.Volume) { v.Item(k, nil) } }
	put := func(k format.Key) func(v *testtree.Volume) { return func(v *testtree.Volume) { v.Item(k, []byte{}) } }
	meta := func(seq, ino uint64) format.Key { return format.InodeIndexKey(format.TypeMetaSeq, seq, ino) }
	data := func(seq, ino uint64) format.Key { return format.InodeIndexKey(format.TypeDataSeq, seq, ino) }
	indx := format.IndxKey(format.XattrIndx{Major: 1, Minor: 2, Ino: file, ID: 3})
	const metaOfFile, dataOfFile = 3, 3
	run(t, []damage{
		{name: "meta_seq missing", change: without(meta(metaOfFile, file)), want: one(problem.MetaSeqIndexMissing), ino: file},
		{name: "meta_seq stale", change: put(meta(1, file)), want: one(problem.MetaSeqIndexStale), ino: file},
		{name: "meta_seq of nothing", change: put(meta(1, 9999)), want: one(problem.MetaSeqIndexStale), ino: 9999},
		{name: "meta_seq changed", change: func(v *testtree.Volume) { setInode(v, file, func(in *format.Inode) { in.MetaSeq.Set(1) }) }, want: one(problem.MetaSeqIndexMissing), ino: file},
		{name: "data_seq missing", change: without(data(dataOfFile, file)), want: one(problem.DataSeqIndexMissing), ino: file},
		{name: "data_seq stale", change: put(data(1, file)), want: one(problem.DataSeqIndexStale), ino: file},
		{name: "data_seq of a directory", change: put(data(2, dir)), want: one(problem.DataSeqIndexStale), ino: dir},
		{name: "data_seq of nothing", change: put(data(1, 9999)), want: one(problem.DataSeqIndexStale), ino: 9999},
		{name: "data_seq changed", change: func(v *testtree.Volume) { setInode(v, file, func(in *format.Inode) { in.DataSeq.Set(1) }) }, want: one(problem.DataSeqIndexMissing), ino: file},
		{name: "orphan missing", change: without(format.OrphanKey(orphan)), want: one(problem.OrphanMissing), ino: orphan},
		{name: "orphan with links", change: put(format.OrphanKey(file)), want: one(problem.OrphanLinked), ino: file},
		{name: "orphan that does not exist", change: put(format.OrphanKey(9999)), want: one(problem.OrphanStale), ino: 9999},
		{name: "indexed attribute missing", change: without(indx), want: one(problem.IndexEntryMissing), ino: file},
		{name: "indexed attribute moved", change: func(v *testtree.Volume) {
			v.Item(indx, nil)
			v.Item(format.IndxKey(format.XattrIndx{Major: 1, Minor: 3, Ino: file, ID: 3}), []byte{})
		}, want: one(problem.IndexEntryMissing), ino: file},
		{name: "indexed attribute stale", change: put(format.IndxKey(format.XattrIndx{Major: 1, Minor: 2, Ino: file, ID: 4})), want: one(problem.IndexEntryStale), ino: file},
		{name: "indexed attribute of nothing", change: put(format.IndxKey(format.XattrIndx{Major: 1, Minor: 2, Ino: 9999, ID: 4})), want: one(problem.IndexEntryStale), ino: 9999},
	})
}

func TestDamagedQuotaRulesAreFound(t *testing.T) {
	t.Parallel()
	key := format.QuotaRuleKey(quotaRule().Hash(), 0)
	changed := func(change func(r *format.QuotaRule)) func(v *testtree.Volume) {
		return func(v *testtree.Volume) {
			r := quotaRule()
			change(r)
			v.Item(key, nil)
			v.Item(format.QuotaRuleKey(r.Hash(), 0), format.Bytes(r))
		}
	}
	run(t, []damage{
		{name: "operation", change: changed(func(r *format.QuotaRule) { r.Op = 3 }), want: one(problem.QuotaRule)},
		{name: "operation that upstream lets pass", change: changed(func(r *format.QuotaRule) { r.Op = 2 })},
		{name: "flags", change: changed(func(r *format.QuotaRule) { r.RuleFlags = 2 }), want: one(problem.QuotaRule)},
		{name: "source", change: changed(func(r *format.QuotaRule) { r.NameSource[1] = 4 }), want: one(problem.QuotaRule)},
		{name: "hash", change: func(v *testtree.Volume) {
			v.Item(key, nil)
			v.Item(format.QuotaRuleKey(5, 0), format.Bytes(quotaRule()))
		}, want: one(problem.QuotaRuleHash)},
		{name: "twice", change: func(v *testtree.Volume) { v.Item(format.QuotaRuleKey(key.Second, 1), format.Bytes(quotaRule())) }, want: one(problem.QuotaRuleTwice)},
	})
}

func TestDamagedSuperIsFound(t *testing.T) {
	t.Parallel()
	run(t, []damage{
		{name: "next inode", super: func(s *format.Super) { s.NextIno.Set(empty) }, want: one(problem.NextIno)},
		{name: "inode count", super: func(s *format.Super) { s.InodeCount.Set(11) }, want: one(problem.InodeCount)},
		{name: "inode count too small", super: func(s *format.Super) { s.InodeCount.Set(9) }, want: one(problem.InodeCount)},
	})
}
