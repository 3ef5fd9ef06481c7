// SPDX-License-Identifier: GPL-2.0-or-later

package testbulk

import (
	"cmp"
	"slices"

	"scoutfs/engine/format"
)

// logTree is a finished log tree.
type logTree struct {
	root  format.Root
	bloom format.Ref
}

// sums walks once over all files to add up what each tree has of the totals
// and of the count of inodes, and to find out what space is free.
func (v *volume) sums() error {
	v.totals = make([][totals]format.XattrTotal, 1+v.trees)
	v.inodes = make([]int64, 1+v.trees)
	v.inodes[0] = int64(v.dirs())
	w := newWalker(v.model, &v.free)
	w.walk(nil, func(p place) {
		o, _ := v.change(p.file)
		tree := 1 + v.tree(p.dir)
		if o.existed() {
			v.inodes[0]++
			v.count(0, p.file, false, 1)
		}
		switch o {
		case opCreate:
			v.inodes[tree]++
			v.count(tree, p.file, false, 1)
		case opUnlink:
			v.inodes[tree]--
			v.count(tree, p.file, false, -1)
		case opXattr:
			v.count(tree, p.file, true, 1)
			v.count(tree, p.file, false, -1)
		}
	})
	v.extents = v.free.all(&w.places, v.files)
	return nil
}

// count adds a file's attributes to the totals of a tree, or takes them off.
func (v *volume) count(tree int, f uint64, later bool, sign int64) {
	var scratch [16]xattr
	list, _ := v.xattrs(scratch[:0], f, later)
	for i := range list {
		if index, ok := list[i].total(); ok {
			t := &v.totals[tree][index]
			t.Total.Set(t.Total.Get() + uint64(sign)*list[i].value)
			t.Count.Set(t.Count.Get() + uint64(sign))
		}
	}
}

// fsRoot writes the tree that all merges so far have left.
func (v *volume) fsRoot() error {
	b := v.newTree()
	v.baseIndexes(b.add)
	for d := range v.dirs() {
		for f := v.first[d]; f < v.first[d+1]; f++ {
			if v.orphan(f) {
				b.add(item{key: format.OrphanKey(v.fileIno(d, f)), seq: v.metaSeq(f)})
			}
		}
	}
	for _, rule := range quotaRules() {
		b.add(item{key: format.QuotaRuleKey(rule.Hash(), 0), seq: firstSeq, value: format.Bytes(&rule)})
	}
	v.addTotals(b.add, 0, v.mergedSeq()-1)
	for major := range uint64(majors) {
		v.eachIndx(major, func(d, f uint64, a *xattr, o op, later bool) {
			if o.existed() && !later {
				b.add(item{key: v.indxKey(d, f, major, a.id), seq: v.metaSeq(f)})
			}
		})
	}
	newWalker(v.model, nil).base(b.add)
	v.super.FSRoot.Set(b.finish())
	return b.err()
}

// quotaRules returns some rules, sorted by hash.
func quotaRules() []format.QuotaRule {
	rules := make([]format.QuotaRule, 20)
	for i := range rules {
		r := &rules[i]
		r.NameVal[0].Set(1)
		r.NameVal[1].Set(uint64(1000 + i))
		r.NameSource[1], r.NameFlags[1] = format.QuotaSourceUID, format.QuotaNameSelect
		r.Limit.Set(1 << (20 + i))
		r.Prio, r.Op = byte(i), byte(i%2)
		r.RuleFlags = byte(i % 3 / 2)
	}
	slices.SortFunc(rules, func(a, b format.QuotaRule) int { return cmp.Compare(a.Hash(), b.Hash()) })
	return rules
}

// addTotals sends the totals of a tree that are not zero.
func (v *volume) addTotals(to func(item), tree int, seq uint64) {
	for i := range v.totals[tree] {
		if t := &v.totals[tree][i]; !t.IsZero() {
			to(item{key: totalKey(i), seq: seq, value: format.Bytes(t)})
		}
	}
}

func (v *volume) indxKey(d, f, major, id uint64) format.Key {
	return format.IndxKey(format.XattrIndx{Major: uint8(major), Minor: minorOf(f), Ino: v.fileIno(d, f), ID: id})
}

// eachIndx calls do for every attribute with an indx tag and a major number,
// in order of the index. Later are those that opXattr added.
func (v *volume) eachIndx(major uint64, do func(d, f uint64, a *xattr, o op, later bool)) {
	var scratch [16]xattr
	for d := range v.dirs() {
		for f := v.first[d]; f < v.first[d+1]; f++ {
			o, _ := v.change(f)
			before, _ := v.xattrs(scratch[:0], f, false)
			n := len(before)
			list := before
			if o == opXattr {
				list, _ = v.xattrs(scratch[:0], f, true)
			}
			for i := range list {
				if list[i].kind == xattrIndx && list[i].which == major {
					do(d, f, &list[i], o, i >= n)
				}
			}
		}
	}
}

// logTrees writes the trees that wait to be merged, and their records.
func (v *volume) logTrees() error {
	if v.trees == 0 {
		return nil
	}
	for tree := range int(v.trees) {
		b := v.newTree()
		bloom := newBloom()
		to := func(it item) {
			bloom.cover(it.key)
			b.add(it)
		}
		v.logIndexes(tree, to)
		v.addTotals(to, 1+tree, v.endSeq()-1)
		for major := range uint64(majors) {
			v.eachIndx(major, func(d, f uint64, a *xattr, o op, later bool) {
				if v.tree(d) != tree {
					return
				}
				key := v.indxKey(d, f, major, a.id)
				switch {
				case o == opUnlink:
					to(item{key: key, seq: v.laterSeq(f), flags: format.ItemFlagDeletion})
				case o == opCreate, later:
					to(item{key: key, seq: v.laterSeq(f)})
				}
			})
		}
		newWalker(v.model, nil).changes(tree, to)
		log := logTree{root: b.finish()}
		if log.root.Height > 0 {
			log.bloom = v.blocks.write(format.MagicBloom, func(block []byte) { copy(block, format.Bytes(bloom.block)) })
		}
		if err := b.err(); err != nil {
			return err
		}
		v.logs = append(v.logs, log)
	}
	return v.logsRoot()
}

// logMounts is how many mounts the log trees are of.
const logMounts = 2

func (v *volume) logsRoot() error {
	records := make([]format.LogTrees, len(v.logs))
	for i, log := range v.logs {
		r := &records[i]
		r.ItemRoot.Set(log.root)
		r.BloomRef.Set(log.bloom)
		r.InodeCountDelta.Set(uint64(v.inodes[1+i]))
		r.GetTransSeq.Set(v.endSeq())
		r.CommitTransSeq.Set(v.endSeq())
		if log.root.Height > 0 {
			r.MaxItemSeq.Set(v.endSeq() - 1)
		}
		r.FinalizeSeq.Set(v.endSeq() + 1 + uint64(i))
		r.RID.Set(mix(v.seed, uint64(100+i%logMounts)))
		r.Nr.Set(uint64(3 + i/logMounts))
		r.Flags.Set(format.LogTreesFinalized)
	}
	slices.SortFunc(records, func(a, b format.LogTrees) int {
		return cmp.Or(cmp.Compare(a.RID.Get(), b.RID.Get()), cmp.Compare(a.Nr.Get(), b.Nr.Get()))
	})
	b := v.newTree()
	for i := range records {
		r := &records[i]
		b.add(item{key: format.LogTreesKey(r.RID.Get(), r.Nr.Get()), value: format.Bytes(r)})
	}
	v.super.LogsRoot.Set(b.finish())
	return b.err()
}

// bloom is a log tree's filter of locks.
type bloom struct {
	block *format.BloomBlock
	lock  format.Range
}

func newBloom() *bloom {
	return &bloom{block: new(format.BloomBlock), lock: format.Range{Start: format.MaxKey()}}
}

func (b *bloom) cover(k format.Key) {
	if !b.lock.Contains(k) {
		b.lock, _ = format.LockRange(k)
		b.block.Add(format.BloomBitsOf(b.lock.Start))
	}
}
