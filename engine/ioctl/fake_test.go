// SPDX-License-Identifier: GPL-2.0-or-later

package ioctl_test

import (
	"cmp"
	"context"
	"errors"
	"math"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"scoutfs/engine/ioctl"
)

// fakeVolume is a small volume in memory, written against the comments of
// Target alone.
type fakeVolume struct {
	mu       sync.Mutex
	readOnly bool
	v1       bool
	inodes   map[uint64]*fakeInode
	names    []fakeName // in order of place
	seq      uint64     // of the last change
	totals   []ioctl.XattrTotal
	index    []ioctl.XattrIndexEntry
	rules    []ioctl.QuotaRule
	alloc    []ioctl.AllocDetailEntry
	waiters  []ioctl.DataWaiter
	failed   []int64 // errors that waiters were failed with
	sizes    ioctl.ResizeDevices
	limits   ioctl.ResizeDevices
}

type fakeName struct {
	at   ioctl.DirPosition
	ino  uint64
	name string
}

type fakeInode struct {
	ino    uint64
	dir    bool
	attr   ioctl.AttrX
	blocks []fakeBlock
	xattrs []string // hidden ones, each at hash 0 and the id of its index + 1
	srch   string   // name of a srch attribute
}

type fakeBlock struct {
	state byte // 0 hole, 1 online, 2 offline
	data  [4096]byte
}

const rootIno = 1

func newFakeVolume() *fakeVolume {
	v := &fakeVolume{
		inodes: map[uint64]*fakeInode{},
		sizes:  ioctl.ResizeDevices{TotalMetaBlocks: 1000, TotalDataBlocks: 9000},
		limits: ioctl.ResizeDevices{TotalMetaBlocks: 2000, TotalDataBlocks: 10000},
	}
	v.inodes[rootIno] = &fakeInode{ino: rootIno, dir: true}
	return v
}

// create makes a file of the given size whose blocks are online, or a
// directory, at a path whose parent exists.
func (v *fakeVolume) create(t testing.TB, name string, dir bool, size int) *fakeInode {
	t.Helper()
	parent, err := v.lookup(path.Dir(name))
	if err != nil {
		t.Fatal(err)
	}
	in := &fakeInode{ino: uint64(1024 + len(v.inodes)), dir: dir}
	v.inodes[in.ino] = in
	v.seq++
	in.attr.MetaSeq, in.attr.Size = v.seq, uint64(size)
	if !dir {
		in.attr.DataSeq, in.attr.DataVersion = v.seq, 1
	}
	for b := range (size + 4095) / 4096 {
		block := fakeBlock{state: 1}
		for i := range block.data {
			block.data[i] = byte(b + i + len(name))
		}
		in.blocks = append(in.blocks, block)
	}
	v.link(parent, in, path.Base(name))
	return in
}

func (v *fakeVolume) link(parent, in *fakeInode, name string) {
	v.names = append(v.names, fakeName{ioctl.DirPosition{Dir: parent.ino, Pos: uint64(2 + len(v.names))}, in.ino, name})
	slices.SortFunc(v.names, func(a, b fakeName) int { return comparePositions(a.at, b.at) })
}

func comparePositions(a, b ioctl.DirPosition) int {
	return cmp.Or(cmp.Compare(a.Dir, b.Dir), cmp.Compare(a.Pos, b.Pos))
}

func (v *fakeVolume) lookup(name string) (*fakeInode, error) {
	in := v.inodes[rootIno]
	for part := range strings.SplitSeq(strings.Trim(path.Clean("/"+name), "/"), "/") {
		if part == "" {
			continue
		}
		i := slices.IndexFunc(v.names, func(n fakeName) bool { return n.at.Dir == in.ino && n.name == part })
		if i < 0 {
			return nil, syscall.ENOENT
		}
		in = v.inodes[v.names[i].ino]
	}
	return in, nil
}

func (v *fakeVolume) Close() error { return nil }

func (v *fakeVolume) OpenPath(_ context.Context, name string, flags int) (ioctl.File, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	in, err := v.lookup(name)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: name, Err: err}
	}
	return &fakeFile{v, in, flags}, nil
}

func (v *fakeVolume) OpenIno(_ context.Context, ino uint64, flags int) (ioctl.File, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	in, ok := v.inodes[ino]
	if !ok {
		return nil, syscall.ESTALE
	}
	return &fakeFile{v, in, flags}, nil
}

func (v *fakeVolume) StatfsMore(context.Context) (ioctl.StatfsMoreResult, error) {
	return ioctl.StatfsMoreResult{
		FSID: 0xf51d, RID: 0x21d, CommittedSeq: v.seq, ReservedMetaBlocks: 34681,
		TotalMetaBlocks: v.sizes.TotalMetaBlocks, TotalDataBlocks: v.sizes.TotalDataBlocks,
	}, nil
}

func (v *fakeVolume) AllocDetail(_ context.Context, q ioctl.AllocDetail) ([]ioctl.AllocDetailEntry, error) {
	if len(v.alloc) > q.Count {
		return nil, syscall.EOVERFLOW
	}
	return slices.Clone(v.alloc), nil
}

func (v *fakeVolume) ResizeDevices(_ context.Context, q ioctl.ResizeDevices) error {
	grow := func(now, limit, to uint64) (uint64, error) {
		if to == 0 {
			return now, nil
		}
		if to < now || to > limit {
			return now, syscall.EINVAL
		}
		return to, nil
	}
	meta, err := grow(v.sizes.TotalMetaBlocks, v.limits.TotalMetaBlocks, q.TotalMetaBlocks)
	data, err2 := grow(v.sizes.TotalDataBlocks, v.limits.TotalDataBlocks, q.TotalDataBlocks)
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	v.sizes = ioctl.ResizeDevices{TotalMetaBlocks: meta, TotalDataBlocks: data}
	return nil
}

func (v *fakeVolume) WalkInodes(_ context.Context, q ioctl.WalkInodes) ([]ioctl.InodeEntry, error) {
	if q.Index > ioctl.IndexDataSeq {
		return nil, syscall.EINVAL
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	var entries []ioctl.InodeEntry
	for ino, in := range v.inodes {
		switch {
		case q.Index == ioctl.IndexMetaSeq && in.attr.MetaSeq != 0:
			entries = append(entries, ioctl.InodeEntry{Major: in.attr.MetaSeq, Ino: ino})
		case q.Index == ioctl.IndexDataSeq && in.attr.DataSeq != 0:
			entries = append(entries, ioctl.InodeEntry{Major: in.attr.DataSeq, Ino: ino})
		}
	}
	return inRange(entries, compareEntries, q.First, q.Last, q.Count), nil
}

func compareEntries(a, b ioctl.InodeEntry) int {
	return cmp.Or(cmp.Compare(a.Major, b.Major), cmp.Compare(a.Minor, b.Minor), cmp.Compare(a.Ino, b.Ino))
}

// inRange sorts items and returns those of a range.
func inRange[T any](items []T, compare func(a, b T) int, first, last T, count int) []T {
	items = slices.Clone(items)
	slices.SortFunc(items, compare)
	items = slices.DeleteFunc(items, func(e T) bool { return compare(e, first) < 0 || compare(e, last) > 0 })
	return items[:min(len(items), count)]
}

func (v *fakeVolume) GetAllocatedInos(_ context.Context, q ioctl.GetAllocatedInos) ([]uint64, error) {
	if q.Count == 0 {
		return nil, syscall.EINVAL
	}
	var inos []uint64
	for ino := range v.inodes {
		inos = append(inos, ino)
	}
	return inRange(inos, cmp.Compare[uint64], q.Start, q.Start|1023, q.Count), nil
}

func (v *fakeVolume) namesOf(ino uint64, from ioctl.DirPosition) []fakeName {
	var names []fakeName
	for _, n := range v.names {
		if n.ino == ino && comparePositions(n.at, from) >= 0 {
			names = append(names, n)
		}
	}
	return names
}

func (v *fakeVolume) InoPath(_ context.Context, q ioctl.InoPath) (ioctl.InoPathResult, error) {
	names := v.namesOf(q.Ino, q.From)
	if len(names) == 0 {
		return ioctl.InoPathResult{}, syscall.ENOENT
	}
	full := names[0].name
	for dir := names[0].at.Dir; dir != rootIno; {
		up := v.namesOf(dir, ioctl.DirPosition{})[0]
		full, dir = up.name+"/"+full, up.at.Dir
	}
	return ioctl.InoPathResult{At: names[0].at, Path: full}, nil
}

func (v *fakeVolume) GetReferringEntries(_ context.Context, q ioctl.GetReferringEntries) ([]ioctl.ReferringEntry, error) {
	var entries []ioctl.ReferringEntry
	for _, n := range v.namesOf(q.Ino, q.From) {
		e := ioctl.ReferringEntry{At: n.at, Ino: n.ino, Type: syscall.DT_REG, Name: n.name}
		if v.inodes[n.ino].dir {
			e.Type = syscall.DT_DIR
		}
		entries = append(entries, e)
	}
	if len(entries) > 0 {
		entries[len(entries)-1].Last = true
	}
	return entries, nil
}

func (v *fakeVolume) SearchXattrs(_ context.Context, q ioctl.SearchXattrs) (ioctl.SearchXattrsResult, error) {
	if q.Count == 0 || q.LastIno < q.NextIno {
		return ioctl.SearchXattrsResult{}, nil
	}
	if !strings.Contains(q.Name, ".srch.") {
		return ioctl.SearchXattrsResult{}, syscall.EINVAL
	}
	var inos []uint64
	for ino, in := range v.inodes {
		if in.srch == q.Name {
			inos = append(inos, ino)
		}
	}
	all := inRange(inos, cmp.Compare[uint64], q.NextIno, q.LastIno, len(inos))
	return ioctl.SearchXattrsResult{Inos: all[:min(len(all), q.Count)], End: len(all) <= q.Count}, nil
}

func (v *fakeVolume) ReadXattrTotals(_ context.Context, q ioctl.ReadXattrTotals) ([]ioctl.XattrTotal, error) {
	if q.Count == 0 {
		return nil, syscall.EINVAL
	}
	compare := func(a, b ioctl.XattrTotal) int { return slices.Compare(a.Name[:], b.Name[:]) }
	last := ioctl.XattrTotal{Name: ioctl.TotalName{math.MaxUint64, math.MaxUint64, math.MaxUint64}}
	return inRange(v.totals, compare, ioctl.XattrTotal{Name: q.From}, last, q.Count), nil
}

func (v *fakeVolume) ReadXattrIndex(_ context.Context, q ioctl.ReadXattrIndex) ([]ioctl.XattrIndexEntry, error) {
	compare := func(a, b ioctl.XattrIndexEntry) int {
		return cmp.Or(cmp.Compare(a.Major, b.Major), cmp.Compare(a.Minor, b.Minor), cmp.Compare(a.Ino, b.Ino))
	}
	if compare(q.First, q.Last) > 0 {
		return nil, syscall.EINVAL
	}
	return inRange(v.index, compare, q.First, q.Last, q.Count), nil
}

func (v *fakeVolume) InjectTotlDelta(_ context.Context, q ioctl.InjectTotlDelta) error {
	for i := range v.totals {
		if v.totals[i].Name == q.Name {
			v.totals[i].Total += uint64(q.Total)
			v.totals[i].Count += uint64(q.Count)
			return nil
		}
	}
	v.totals = append(v.totals, ioctl.XattrTotal{Name: q.Name, Total: uint64(q.Total), Count: uint64(q.Count)})
	return nil
}

func (v *fakeVolume) DataWaiting(_ context.Context, q ioctl.DataWaiting) ([]ioctl.DataWaiter, error) {
	if q.Flags != 0 {
		return nil, syscall.EINVAL
	}
	compare := func(a, b ioctl.DataWaiter) int {
		return cmp.Or(cmp.Compare(a.Ino, b.Ino), cmp.Compare(a.Block, b.Block))
	}
	if q.AfterBlock++; q.AfterBlock == 0 {
		q.AfterIno++
	}
	first, last := ioctl.DataWaiter{Ino: q.AfterIno, Block: q.AfterBlock}, ioctl.DataWaiter{Ino: math.MaxUint64, Block: math.MaxUint64}
	return inRange(v.waiters, compare, first, last, q.Count), nil
}

func (v *fakeVolume) DataWaitErr(_ context.Context, q ioctl.DataWaitErr) (int, error) {
	if q.Count == 0 {
		return 0, nil
	}
	if q.Ops>>3 != 0 || q.Err < -4095 || q.Err >= 0 {
		return 0, syscall.EINVAL
	}
	n := 0
	v.waiters = slices.DeleteFunc(v.waiters, func(w ioctl.DataWaiter) bool {
		hit := w.Ino == q.Ino && w.Ops&q.Ops != 0 && w.Block >= q.Offset/4096 && w.Block <= (q.Offset+q.Count-1)/4096
		if hit {
			v.failed = append(v.failed, q.Err)
			n++
		}
		return hit
	})
	return n, nil
}

func (v *fakeVolume) GetQuotaRules(_ context.Context, q ioctl.GetQuotaRules) (ioctl.GetQuotaRulesResult, error) {
	if v.v1 {
		return ioctl.GetQuotaRulesResult{}, syscall.EOPNOTSUPP
	}
	at := min(int(min(q.From[0], math.MaxInt32)), len(v.rules))
	end := min(at+q.Count, len(v.rules))
	return ioctl.GetQuotaRulesResult{Rules: slices.Clone(v.rules[at:end]), Next: ioctl.QuotaIterator{uint64(end)}}, nil
}

func (v *fakeVolume) AddQuotaRule(_ context.Context, q ioctl.AddQuotaRule) error {
	if v.v1 {
		return syscall.EOPNOTSUPP
	}
	if slices.Contains(v.rules, q.Rule) {
		return syscall.EEXIST
	}
	v.rules = append(v.rules, q.Rule)
	return nil
}

func (v *fakeVolume) DelQuotaRule(_ context.Context, q ioctl.DelQuotaRule) error {
	i := slices.Index(v.rules, q.Rule)
	if i < 0 {
		return syscall.ENOENT
	}
	v.rules = slices.Delete(v.rules, i, i+1)
	return nil
}

// fakeFile is an open file of a fakeVolume.
type fakeFile struct {
	v     *fakeVolume
	in    *fakeInode
	flags int
}

var (
	_ ioctl.Target = (*fakeVolume)(nil)
	_ ioctl.File   = (*fakeFile)(nil)
)

func (f *fakeFile) Close() error   { return nil }
func (f *fakeFile) readable() bool { return f.flags != os.O_WRONLY }
func (f *fakeFile) writable() bool { return f.flags != os.O_RDONLY }

// attr returns the attributes with the block counts.
func (f *fakeFile) attr() ioctl.AttrX {
	a := f.in.attr
	for _, b := range f.in.blocks {
		switch b.state {
		case 1:
			a.OnlineBlocks++
		case 2:
			a.OfflineBlocks++
		}
	}
	return a
}

func (f *fakeFile) StatMore(context.Context) (ioctl.StatMoreResult, error) {
	a := f.attr()
	return ioctl.StatMoreResult{
		MetaSeq: a.MetaSeq, DataSeq: a.DataSeq, DataVersion: a.DataVersion,
		OnlineBlocks: a.OnlineBlocks, OfflineBlocks: a.OfflineBlocks, Crtime: a.Crtime,
	}, nil
}

func (f *fakeFile) GetAttrX(_ context.Context, q ioctl.GetAttrX) (ioctl.AttrX, error) {
	if q.Mask&^ioctl.AttrAll != 0 || q.Flags>>1 != 0 {
		return ioctl.AttrX{}, syscall.EINVAL
	}
	if f.v.v1 && q.Mask&^ioctl.AttrV1 != 0 {
		return ioctl.AttrX{}, syscall.EOPNOTSUPP
	}
	return f.attr(), nil
}

func (f *fakeFile) SetAttrX(_ context.Context, q ioctl.SetAttrX) error {
	if f.v.readOnly {
		return syscall.EROFS
	}
	if q.Mask&(ioctl.AttrSize|ioctl.AttrDataVersion) != 0 && (f.in.dir || f.in.attr.DataVersion != 0) {
		return syscall.EINVAL
	}
	a := &f.in.attr
	if q.Mask&ioctl.AttrSize != 0 {
		a.Size = q.Size
		f.in.blocks = make([]fakeBlock, (q.Size+4095)/4096)
		for i := range f.in.blocks {
			if q.Flags&ioctl.AttrSizeOffline != 0 {
				f.in.blocks[i].state = 2
			}
		}
	}
	for _, set := range []struct {
		mask ioctl.AttrMask
		do   func()
	}{
		{ioctl.AttrDataVersion, func() { a.DataVersion = q.DataVersion }},
		{ioctl.AttrCtime, func() { a.Ctime = q.Ctime }},
		{ioctl.AttrCrtime, func() { a.Crtime = q.Crtime }},
		{ioctl.AttrRetention, func() { a.Retention = q.Retention }},
		{ioctl.AttrProjectID, func() { a.ProjectID = q.ProjectID }},
	} {
		if q.Mask&set.mask != 0 {
			set.do()
		}
	}
	return nil
}

func (f *fakeFile) SetattrMore(ctx context.Context, q ioctl.SetattrMore) error {
	if !f.writable() {
		return syscall.EBADF
	}
	return f.SetAttrX(ctx, q.AttrX())
}

func (f *fakeFile) ListxattrHidden(_ context.Context, q ioctl.ListxattrHidden) (ioctl.ListxattrHiddenResult, error) {
	r := ioctl.ListxattrHiddenResult{Next: q.From}
	for room := q.Bytes; r.Next.ID < uint64(len(f.in.xattrs)); r.Next.ID++ {
		name := f.in.xattrs[r.Next.ID]
		if room -= len(name) + 1; room < 0 {
			break
		}
		r.Names = append(r.Names, name)
	}
	return r, nil
}

// region checks a range of a change and returns its blocks, which end with
// the file's.
func (f *fakeFile) region(offset, length, version uint64) ([]fakeBlock, error) {
	switch {
	case offset%4096 != 0, f.in.dir, !f.writable():
		return nil, syscall.EINVAL
	case version != f.in.attr.DataVersion:
		return nil, syscall.ESTALE
	}
	n := uint64(len(f.in.blocks))
	first := min(offset/4096, n)
	return f.in.blocks[first:min(first+(length+4095)/4096, n)], nil
}

func (f *fakeFile) Release(_ context.Context, q ioctl.Release) error {
	if q.Length%4096 != 0 {
		return syscall.EINVAL
	}
	blocks, err := f.region(q.Offset, q.Length, q.DataVersion)
	for i := range blocks {
		if blocks[i].state == 1 {
			blocks[i] = fakeBlock{state: 2}
		}
	}
	return err
}

func (f *fakeFile) Stage(_ context.Context, q ioctl.Stage) (int, error) {
	if len(q.Data) == 0 {
		return 0, nil
	}
	end := q.Offset + uint64(len(q.Data))
	if end > f.in.attr.Size || end%4096 != 0 && end != f.in.attr.Size {
		return 0, syscall.EINVAL
	}
	blocks, err := f.region(q.Offset, uint64(len(q.Data)), q.DataVersion)
	for i := range blocks {
		blocks[i].state = 1
		copy(blocks[i].data[:], q.Data[i*4096:])
	}
	return len(q.Data), err
}

func (f *fakeFile) PunchOffline(_ context.Context, q ioctl.PunchOffline) error {
	if q.Offset%4096 != 0 || q.Length%4096 != 0 {
		return syscall.EOVERFLOW
	}
	blocks, err := f.region(q.Offset, q.Length, q.DataVersion)
	for i := range blocks {
		switch blocks[i].state {
		case 1:
			return syscall.EINVAL
		case 2:
			blocks[i].state = 0
		}
	}
	return err
}

func (f *fakeFile) MoveBlocks(_ context.Context, from ioctl.File, q ioctl.MoveBlocks) error {
	source, ok := from.(*fakeFile)
	if !ok || source.v != f.v {
		return syscall.EXDEV
	}
	if source.in == f.in {
		return syscall.EINVAL
	}
	if q.Flags != ioctl.MoveStage || q.DataVersion != f.in.attr.DataVersion {
		return syscall.ESTALE
	}
	n := q.Length / 4096
	to, src := f.in.blocks[q.ToOffset/4096:][:n], source.in.blocks[q.FromOffset/4096:][:n]
	for i := range to {
		if to[i].state != 2 {
			return syscall.EINVAL
		}
		to[i], src[i] = src[i], fakeBlock{}
	}
	return nil
}

func (f *fakeFile) Fiemap(_ context.Context, q ioctl.Fiemap) (ioctl.FiemapResult, error) {
	if q.Length == 0 {
		return ioctl.FiemapResult{}, syscall.EINVAL
	}
	var all []ioctl.FiemapExtent
	for i, b := range f.in.blocks {
		e := ioctl.FiemapExtent{Logical: uint64(i) * 4096, Length: 4096}
		switch b.state {
		case 1:
			e.Physical = f.in.ino*1<<30 + e.Logical
		case 2:
			e.Flags = ioctl.ExtentUnknown | ioctl.ExtentDelalloc
		}
		if b.state != 0 {
			all = append(all, e)
		}
	}
	if len(all) > 0 {
		all[len(all)-1].Flags |= ioctl.ExtentLast
	}
	all = slices.DeleteFunc(all, func(e ioctl.FiemapExtent) bool { return e.Logical+e.Length <= q.Start })
	if q.Count == 0 {
		return ioctl.FiemapResult{Mapped: uint32(len(all))}, nil
	}
	all = all[:min(len(all), q.Count)]
	return ioctl.FiemapResult{Extents: all, Mapped: uint32(len(all))}, nil
}
