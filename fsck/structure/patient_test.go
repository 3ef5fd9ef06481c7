// SPDX-License-Identifier: GPL-2.0-or-later

package structure_test

import (
	"maps"
	"slices"
	"sync"
	"testing"

	"scoutfs/engine/alloc"
	"scoutfs/engine/block"
	"scoutfs/engine/btree"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
	"scoutfs/internal/testblock"
	"scoutfs/internal/testbulk"
)

// patient is a sound volume to be damaged.
type patient struct {
	tb         testing.TB
	meta, data *device.Memory
	super      format.Super // of the metadata device; see setSuper
}

// healthy is the volume that patients are clones of. It has two finalized log
// trees, search files of both kinds, and everything that mkfs makes.
func healthy() func(tb testing.TB) device.Pair {
	var once sync.Once
	var pair device.Pair
	return func(tb testing.TB) device.Pair {
		tb.Helper()
		once.Do(func() { pair = bulk(tb, testbulk.Options{Files: 1200, LogTrees: 2, LogShare: 500}) })
		return pair
	}
}

func newPatient(tb testing.TB, pair device.Pair) *patient {
	tb.Helper()
	meta, ok := pair.Meta.(*device.Memory)
	data, also := pair.Data.(*device.Memory)
	if !ok || !also {
		tb.Fatal("no devices in memory")
	}
	p := &patient{tb: tb, meta: meta.Clone("meta"), data: data.Clone("data")}
	_, super, err := block.ReadSuper(p.meta)
	if err != nil {
		tb.Fatal(err)
	}
	p.super = *super
	return p
}

func (p *patient) reader() *block.Reader { return block.NewReader(p.meta, block.Options{}) }

// small changes a small block of a device, and with seal its crc.
func (p *patient) small(dev device.Device, blkno int64, seal bool, change func(b []byte)) {
	p.tb.Helper()
	p.bytes(dev, blkno<<format.SmallBlockShift, format.SmallBlockSize, seal, change)
}

func (p *patient) bytes(dev device.Device, off, size int64, seal bool, change func(b []byte)) {
	p.tb.Helper()
	b := make([]byte, size)
	if _, err := dev.ReadAt(b, off); err != nil {
		p.tb.Fatal(err)
	}
	change(b)
	if seal {
		format.Seal(b)
	}
	if _, err := dev.WriteAt(b, off); err != nil {
		p.tb.Fatal(err)
	}
}

// setSuper changes the metadata device's super.
func (p *patient) setSuper(change func(s *format.Super)) {
	p.tb.Helper()
	p.small(p.meta, format.SuperBlkno, true, func(b []byte) {
		s := view[format.Super](p.tb, b)
		change(s)
		p.super = *s
	})
}

func (p *patient) setDataSuper(change func(s *format.Super)) {
	p.tb.Helper()
	p.small(p.data, format.SuperBlkno, true, func(b []byte) { change(view[format.Super](p.tb, b)) })
}

func (p *patient) setQuorum(slot int, change func(q *format.QuorumBlock)) {
	p.tb.Helper()
	p.small(p.meta, int64(format.QuorumBlkno+slot), true, func(b []byte) { change(view[format.QuorumBlock](p.tb, b)) })
}

// large changes a large block and its crc.
func (p *patient) large(blkno uint64, change func(b []byte)) {
	p.tb.Helper()
	p.bytes(p.meta, int64(blkno)<<format.LargeBlockShift, format.LargeBlockSize, true, change)
}

func (p *patient) btree(blkno uint64, change func(b *format.BtreeBlock)) {
	p.tb.Helper()
	p.large(blkno, func(b []byte) {
		blk, err := format.ViewBtreeBlock(b)
		if err != nil {
			p.tb.Fatal(err)
		}
		change(blk)
	})
}

func view[T any](tb testing.TB, b []byte) *T {
	tb.Helper()
	v, err := format.View[T](b)
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

// blocks lists a tree's blocks of a level.
func (p *patient) blocks(root format.Root, level int) (list []btree.Block) {
	p.tb.Helper()
	tree := btree.Tree{Reader: p.reader(), Root: root}
	for b, err := range tree.Blocks(p.tb.Context()) {
		if err != nil {
			p.tb.Fatal(err)
		}
		if b.Level == level {
			list = append(list, b)
		}
	}
	if len(list) == 0 {
		p.tb.Fatalf("no blocks of level %d", level)
	}
	return list
}

// find returns the leaf and the slot of a tree's first item at or after a key.
func (p *patient) find(root format.Root, key format.Key) (blkno uint64, slot int) {
	p.tb.Helper()
	for _, leaf := range p.blocks(root, 0) {
		order, err := btree.AppendOrder(nil, leaf.Block)
		if err != nil {
			p.tb.Fatal(err)
		}
		for _, slot := range order {
			if !leaf.Block.Item(int(slot)).Key.Key().Less(key) {
				return leaf.Ref.Blkno, int(slot)
			}
		}
	}
	p.tb.Fatalf("no item at or after %v", key)
	return 0, 0
}

// value changes the value of a tree's first item at or after a key.
func (p *patient) value(root format.Root, key format.Key, change func(val []byte)) {
	p.tb.Helper()
	blkno, slot := p.find(root, key)
	p.btree(blkno, func(b *format.BtreeBlock) {
		val, ok := b.Value(b.Item(slot))
		if !ok {
			p.tb.Fatal("no value")
		}
		change(val)
	})
}

// items returns the items of a tree of one leaf.
func (p *patient) items(root format.Root) (list []testblock.Item) {
	p.tb.Helper()
	tree := btree.Tree{Reader: p.reader(), Root: root}
	for it, err := range tree.Items(p.tb.Context(), format.AllKeys()) {
		if err != nil {
			p.tb.Fatal(err)
		}
		list = append(list, testblock.Item{Key: it.Key, Seq: it.Seq, Flags: it.Flags, Value: slices.Clone(it.Value)})
	}
	return list
}

// take takes a block from the server's free ones.
func (p *patient) take() format.Ref {
	p.tb.Helper()
	head := &p.super.ServerMetaAvail[0]
	var blkno uint64
	p.large(head.Ref.Blkno.Get(), func(b []byte) {
		l := view[format.AllocListBlock](p.tb, b)
		n := l.Nr.Get() - 1
		blkno = l.Blknos[l.Start.Get()+n].Get()
		l.Nr.Set(n)
	})
	p.setSuper(func(s *format.Super) {
		h := &s.ServerMetaAvail[0]
		h.FirstNr.Set(h.FirstNr.Get() - 1)
		h.TotalNr.Set(h.TotalNr.Get() - 1)
	})
	return format.Ref{Blkno: blkno, Seq: blkno * 0x9e3779b97f4a7c15}
}

// put writes a block to the place of a reference, with a header for it.
func (p *patient) put(ref format.Ref, magic uint32, content []byte) format.Ref {
	p.tb.Helper()
	hdr := view[format.BlockHeader](p.tb, content)
	hdr.Magic.Set(magic)
	hdr.FSID.Set(p.super.Hdr.FSID.Get())
	hdr.Seq.Set(ref.Seq)
	hdr.Blkno.Set(ref.Blkno)
	p.large(ref.Blkno, func(b []byte) { copy(b, content) })
	return ref
}

// add writes a block to one of the server's free ones.
func (p *patient) add(magic uint32, content []byte) format.Ref {
	p.tb.Helper()
	return p.put(p.take(), magic, content)
}

// setTree writes a tree of one leaf, in place of the one there is.
func (p *patient) setTree(root func(s *format.Super) *format.BtreeRoot, values map[format.Key][]byte) {
	p.tb.Helper()
	var items []testblock.Item
	for _, k := range slices.SortedFunc(maps.Keys(values), format.Key.Compare) {
		items = append(items, testblock.Item{Key: k, Value: values[k]})
	}
	now := root(&p.super).Root()
	if now.Height > 1 {
		p.tb.Fatalf("a tree of height %d", now.Height)
	}
	if now.Height == 0 {
		now.Ref = p.take()
	}
	p.put(now.Ref, format.MagicBtree, testblock.Btree(0, items...))
	p.setSuper(func(s *format.Super) { root(s).Set(format.Root{Ref: now.Ref, Height: 1}) })
}

// values returns the items of a tree as setTree takes them.
func (p *patient) values(root format.Root) map[format.Key][]byte {
	p.tb.Helper()
	values := make(map[format.Key][]byte)
	for _, it := range p.items(root) {
		values[it.Key] = it.Value
	}
	return values
}

// list writes a list of one block, of blocks that the server had as free.
func (p *patient) list(n int) (head format.AllocListHead) {
	p.tb.Helper()
	var entries []uint64
	for range n {
		entries = append(entries, p.take().Blkno)
	}
	head.Ref.Set(p.add(format.MagicAllocList, testblock.ListBlock(format.Ref{}, 0, entries...)))
	head.TotalNr.Set(uint64(n))
	head.FirstNr.Set(uint32(n))
	return head
}

// logs changes the n-th log tree's record.
func (p *patient) logs(n int, change func(lt *format.LogTrees)) {
	p.tb.Helper()
	items := p.items(p.super.LogsRoot.Root())
	p.value(p.super.LogsRoot.Root(), items[n].Key, func(val []byte) { change(view[format.LogTrees](p.tb, val)) })
}

func (p *patient) logTrees(n int) *format.LogTrees {
	p.tb.Helper()
	return view[format.LogTrees](p.tb, p.items(p.super.LogsRoot.Root())[n].Value)
}

// freeExtents lists an allocator's extents.
func (p *patient) freeExtents(root *format.AllocRoot) (list []format.Extent) {
	p.tb.Helper()
	for e, err := range alloc.OpenExtents(p.reader(), root).All(p.tb.Context()) {
		if err != nil {
			p.tb.Fatal(err)
		}
		list = append(list, e)
	}
	return list
}

func (p *patient) pair() device.Pair { return device.Pair{Meta: p.meta, Data: p.data} }

// injury is damage and what a check has to say about it.
type injury struct {
	name string
	harm func(p *patient)
	want []problem.Number // without CheckIncomplete
	note []problem.Number // other notes
}

// diagnose checks that each injury is found, and nothing else.
func diagnose(t *testing.T, injuries []injury) {
	t.Helper()
	volume := healthy()
	for _, in := range injuries {
		t.Run(in.name, func(t *testing.T) {
			t.Parallel()
			p := newPatient(t, volume(t))
			in.harm(p)
			compare(t, check(t, p.pair()).findings, in)
		})
	}
}

// compare compares the kinds of findings with those that are expected.
func compare(t *testing.T, findings []problem.Finding, in injury) {
	t.Helper()
	numbers := func(keep func(problem.Problem) bool) (list []problem.Number) {
		table := problem.NewTable()
		for _, f := range findings {
			if f.Number != problem.CheckIncomplete && keep(table.Describe(f.Number)) {
				list = append(list, f.Number)
			}
		}
		slices.Sort(list)
		return slices.Compact(list)
	}
	got := numbers(func(d problem.Problem) bool { return d.Severity != problem.Note })
	notes := numbers(func(d problem.Problem) bool { return d.Severity == problem.Note })
	slices.Sort(in.want)
	if !slices.Equal(got, in.want) || !slices.Equal(notes, in.note) {
		t.Errorf("found %v and notes %v, want %v and %v\n%s", got, notes, in.want, in.note, names(findings))
	}
}
