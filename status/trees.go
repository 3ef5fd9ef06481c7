// SPDX-License-Identifier: GPL-2.0-or-later

package status

import (
	"scoutfs/engine/format"
)

// Mounts are the mounts that the volume's server knows. After a crash they
// are there until the next mount has recovered them.
type Mounts struct {
	Count uint64  `json:"count"`
	List  []Mount `json:"list"`

	known map[ID]bool // those of the list
}

// Mount is a mount that has not said farewell.
type Mount struct {
	RID     ID     `json:"rid"`
	Address string `json:"address"` // as its server saw it
	Quorum  bool   `json:"quorum"`  // it has a quorum slot
}

// Has reports whether a mount is known. Of more than a list has, any may be.
func (m *Mounts) Has(rid ID) bool { return m != nil && (m.known[rid] || m.Count > MaxListed) }

func (r *reader) mounts() {
	m := &Mounts{List: []Mount{}, known: map[ID]bool{}}
	r.status.Mounts = m
	tree := r.tree(format.TreeMountedClients, r.super.MountedClients.Root())
	eachItem(r, SectionMounts, tree, format.AllKeys(), func(k format.Key, v *format.MountedClient) {
		if m.Count++; m.Count > MaxListed {
			return
		}
		mount := Mount{RID: ID(k.First), Quorum: v.Flags&format.MountedClientQuorum != 0}
		if addr, ok := v.Addr.AddrPort(); ok {
			mount.Address = addr.String()
		}
		m.List = append(m.List, mount)
		m.known[mount.RID] = true
	})
}

// LogTrees is what mounts have logged and nobody has merged yet
// (docs/format.md 7.1).
type LogTrees struct {
	Count     uint64    `json:"count"`
	Finalized uint64    `json:"finalized"` // nobody writes to them any more
	Open      uint64    `json:"open"`      // a transaction is open
	List      []LogTree `json:"list"`

	maxItemSeq      uint64
	inodeCountDelta uint64
	meta, data      uint64 // free blocks held by all of them
}

// LogTree is what one mount has logged in one generation. Counts of blocks
// are what it holds to allocate, and what it has freed lately: metadata in 64
// KiB, data in 4 KiB.
type LogTree struct {
	RID             ID       `json:"rid"`
	Nr              uint64   `json:"nr"` // generation
	Mounted         bool     `json:"mounted"`
	Finalized       bool     `json:"finalized"`
	FinalizeSeq     uint64   `json:"finalize_seq"`
	Open            bool     `json:"open"` // transaction GetTransSeq is open
	GetTransSeq     uint64   `json:"get_trans_seq"`
	CommitTransSeq  uint64   `json:"commit_trans_seq"`
	MaxItemSeq      uint64   `json:"max_item_seq"`
	ItemHeight      uint8    `json:"item_height"` // of the tree of items; 0 is empty
	InodeCountDelta int64    `json:"inode_count_delta"`
	MetaAvail       uint64   `json:"meta_avail"`
	MetaFreed       uint64   `json:"meta_freed"`
	MetaLow         bool     `json:"meta_low"` // running out means ENOSPC
	DataAvail       uint64   `json:"data_avail"`
	DataFreed       uint64   `json:"data_freed"`
	DataLow         bool     `json:"data_low"`
	SearchBlocks    uint64   `json:"search_blocks"` // of the search log that is being written
	SearchEntries   uint64   `json:"search_entries"`
	Zones           []uint64 `json:"zones,omitempty"` // data zones that it allocates from
}

func (r *reader) logTrees() {
	l := &LogTrees{List: []LogTree{}}
	r.status.LogTrees = l
	tree := r.tree(format.TreeLogsRoot, r.super.LogsRoot.Root())
	eachItem(r, SectionLogTrees, tree, format.AllKeys(), func(_ format.Key, v *format.LogTrees) {
		l.add(v)
		if m := r.status.Merge; m.InProgress && v.Finalized() && v.FinalizeSeq.Get() < m.Seq {
			m.Inputs++
		}
		if l.Count <= MaxListed {
			t := logTree(v)
			t.Mounted = r.status.Mounts.Has(t.RID)
			l.List = append(l.List, t)
		}
	})
}

// add counts what holds for all of them.
func (l *LogTrees) add(v *format.LogTrees) {
	l.Count++
	if v.Finalized() {
		l.Finalized++
	}
	if v.Open() {
		l.Open++
	}
	l.maxItemSeq = max(l.maxItemSeq, v.MaxItemSeq.Get())
	l.inodeCountDelta += v.InodeCountDelta.Get()
	l.meta += v.MetaAvail.TotalNr.Get() + v.MetaFreed.TotalNr.Get()
	l.data += v.DataAvail.TotalLen.Get() + v.DataFreed.TotalLen.Get()
}

func logTree(v *format.LogTrees) LogTree {
	t := LogTree{
		RID:             ID(v.RID.Get()),
		Nr:              v.Nr.Get(),
		Finalized:       v.Finalized(),
		FinalizeSeq:     v.FinalizeSeq.Get(),
		Open:            v.Open(),
		GetTransSeq:     v.GetTransSeq.Get(),
		CommitTransSeq:  v.CommitTransSeq.Get(),
		MaxItemSeq:      v.MaxItemSeq.Get(),
		ItemHeight:      v.ItemRoot.Root().Height,
		InodeCountDelta: int64(v.InodeCountDelta.Get()),
		MetaAvail:       v.MetaAvail.TotalNr.Get(),
		MetaFreed:       v.MetaFreed.TotalNr.Get(),
		MetaLow:         v.MetaAvail.Flags.Get()&format.AllocFlagLow != 0,
		DataAvail:       v.DataAvail.TotalLen.Get(),
		DataFreed:       v.DataFreed.TotalLen.Get(),
		DataLow:         v.DataAvail.Flags.Get()&format.AllocFlagLow != 0,
		SearchBlocks:    v.SrchFile.Blocks.Get(),
		SearchEntries:   v.SrchFile.Entries.Get(),
	}
	for zone := range v.DataAllocZones.All() {
		t.Zones = append(t.Zones, uint64(zone))
	}
	return t
}
