// SPDX-License-Identifier: GPL-2.0-or-later

package status

import "scoutfs/engine/fs"

// Space says how full the devices are.
type Space struct {
	Meta MetaSpace `json:"meta"`
	Data DataSpace `json:"data"`
}

// MetaSpace is the metadata device in blocks of 64 KiB. Used and Available
// are what df shows: what is kept back counts as used.
type MetaSpace struct {
	Total     uint64 `json:"total"`
	Used      uint64 `json:"used"`
	Free      uint64 `json:"free"`      // with what is kept back
	Reserved  uint64 `json:"reserved"`  // kept back from operations that allocate
	Available uint64 `json:"available"` // Free without Reserved
	// Where the free blocks are; nil if only their sum is known.
	Held *MetaHeld `json:"held,omitempty"`
}

// MetaHeld says who has the free metadata blocks.
type MetaHeld struct {
	Allocators  uint64 `json:"allocators"`
	Server      uint64 `json:"server"`
	LogTrees    uint64 `json:"log_trees"`
	Merge       uint64 `json:"merge"`
	Compactions uint64 `json:"compactions"`
}

// DataSpace is the data device in blocks of 4 KiB.
type DataSpace struct {
	Total uint64    `json:"total"`
	Used  uint64    `json:"used"`
	Free  uint64    `json:"free"`
	Held  *DataHeld `json:"held,omitempty"`
}

// DataHeld says who has the free data blocks.
type DataHeld struct {
	Allocator uint64 `json:"allocator"`
	LogTrees  uint64 `json:"log_trees"`
}

// space adds up what the other parts found (docs/format.md 6.5).
func (r *reader) space() {
	super := r.super
	held := MetaHeld{LogTrees: r.status.LogTrees.meta, Merge: r.status.Merge.meta, Compactions: r.status.Search.meta}
	for i := range super.MetaAlloc {
		held.Allocators += super.MetaAlloc[i].TotalLen.Get()
		held.Server += super.ServerMetaAvail[i].TotalNr.Get() + super.ServerMetaFreed[i].TotalNr.Get()
	}
	data := DataHeld{Allocator: super.DataAlloc.TotalLen.Get(), LogTrees: r.status.LogTrees.data}
	s := &Space{}
	s.Meta.set(super.TotalMetaBlocks.Get(),
		held.Allocators+held.Server+held.LogTrees+held.Merge+held.Compactions,
		fs.ReservedMetaBlocks(r.status.Mounts.Count))
	s.Data.set(super.TotalDataBlocks.Get(), data.Allocator+data.LogTrees)
	s.Meta.Held, s.Data.Held = &held, &data
	r.status.Space = s
}

func (m *MetaSpace) set(total, free, reserved uint64) {
	m.Total, m.Free, m.Reserved = total, free, reserved
	m.Available = free - min(free, reserved)
	m.Used = total - min(total, m.Available)
}

func (d *DataSpace) set(total, free uint64) {
	d.Total, d.Free = total, free
	d.Used = total - min(total, free)
}

// Inodes counts inodes.
type Inodes struct {
	Count uint64 `json:"count"` // in use, those without names too
	Max   uint64 `json:"max"`   // what statfs(2) says there is room for
	Next  uint64 `json:"next"`  // lowest number that was not given to a mount yet; 0 if unknown
	// Orphans are the inodes without names that wait for their deletion; nil
	// if they were not counted.
	Orphans *uint64 `json:"orphans,omitempty"`
}

func (r *reader) inodes() {
	statfs := fs.Statfs{TotalMetaBlocks: r.super.TotalMetaBlocks.Get()}
	r.status.Inodes = &Inodes{
		Count: r.super.InodeCount.Get() + r.status.LogTrees.inodeCountDelta,
		Max:   statfs.Files(),
		Next:  r.super.NextIno.Get(),
	}
}

// orphans counts the inodes without names.
func (r *reader) orphans(f *fs.FS) {
	n := uint64(0)
	for _, err := range f.Orphans(r.ctx, 0) {
		if err != nil {
			r.damage(SectionInodes, err)
			return
		}
		n++
	}
	r.status.Inodes.Orphans = &n
}
