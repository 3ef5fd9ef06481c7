// SPDX-License-Identifier: GPL-2.0-or-later

package structure

import (
	"errors"
	"fmt"
	"syscall"

	"scoutfs/engine/btree"
	"scoutfs/engine/format"
	"scoutfs/engine/srch"
	"scoutfs/fsck/problem"
)

// maxCompactions bounds the inputs of compactions that are remembered; there
// are a few compactions for each mount.
const maxCompactions = 1 << 16

// srchRoot walks over search files and their compactions.
func (p *pass) srchRoot() {
	inputs := make(map[format.Key]format.Key) // compaction by item of the input
	p.items(p.s.SrchRoot.Root(), format.TreeSrchRoot, "srch_root", func(it item) {
		p.noSeq(it, format.TreeSrchRoot)
		place := withKey(at(problem.Place{InTree: true, Tree: format.TreeSrchRoot}, it.blkno), it.Key)
		switch kind := format.KindOf(it.Key); kind {
		case format.KindSrchLog, format.KindSrchBlocks:
			sfl, err := format.ViewExact[format.SrchFile](it.Value)
			if err != nil {
				return // its length was reported
			}
			if want := fileKey(sfl, kind == format.KindSrchLog); want != it.Key {
				p.report(problem.SearchFileKey, place, it.Key.String(), want.String())
			}
			p.searchFile(sfl, searchFile{
				owner: &owner{name: fmt.Sprintf("search file %v", it.Key)}, place: place,
				sorted: kind == format.KindSrchBlocks, searched: true, nonempty: true,
			})
		case format.KindSrchPending, format.KindSrchBusy:
			sc, err := format.ViewExact[format.SrchCompact](it.Value)
			if err != nil {
				return
			}
			p.compaction(sc, it.Key, place, inputs)
		}
	}, func() {
		p.srchLost = true
		if p.first {
			p.result.SearchUnknown = true
		}
	})
}

// fileKey is the key of a file's item.
func fileKey(sfl *format.SrchFile, log bool) format.Key {
	if log {
		return format.SrchLogKey(sfl.Ref.Blkno.Get())
	}
	return format.SrchBlocksKey(sfl.Blocks.Get(), sfl.Ref.Blkno.Get())
}

// compaction walks over what a compaction owns (docs/format.md 6.6, 8.6).
func (p *pass) compaction(sc *format.SrchCompact, key format.Key, place problem.Place, inputs map[format.Key]format.Key) {
	name := fmt.Sprintf("compaction %v", key)
	p.list(sc.MetaAvail, &owner{name: "meta_avail of " + name}, withField(place, "meta_avail"))
	p.list(sc.MetaFreed, &owner{name: "meta_freed of " + name}, withField(place, "meta_freed"))
	if p.first {
		p.compactionRules(sc, key, place)
		p.report(problem.CompactionPending, place, compactionState(sc), "")
	}
	if sc.Pad != [6]byte{} {
		p.report(problem.ItemPad, place, fmt.Sprintf("padding %x", sc.Pad), "zero")
	}
	if sc.Flags&format.SrchCompactDelete != 0 {
		p.deletedInputs(sc, &owner{name: "input of " + name}, place)
		return
	}
	p.searchFile(&sc.Out, searchFile{owner: &owner{name: "output of " + name}, place: withField(place, "out"), sorted: true})
	if p.first && merging(sc) {
		p.compactionInputs(sc, key, place, inputs)
	}
}

// merging reports whether a compaction says clearly which files it merges.
func merging(sc *format.SrchCompact) bool {
	const merging = format.SrchCompactLog | format.SrchCompactSorted
	phase := sc.Flags & merging
	return phase != 0 && phase != merging && sc.Nr <= format.SrchCompactInputs
}

func compactionState(sc *format.SrchCompact) string {
	files := count(uint64(len(sc.Inputs())), "search file", "search files")
	if sc.Flags&format.SrchCompactDelete != 0 {
		return "deleting " + files + " after merging"
	}
	return "merging " + files
}

// compactionRules checks what a compaction says of itself.
func (p *pass) compactionRules(sc *format.SrchCompact, key format.Key, place problem.Place) {
	const phases = format.SrchCompactLog | format.SrchCompactSorted | format.SrchCompactDelete
	field := func(name string) problem.Place { return withField(place, name) }
	switch sc.Flags & phases {
	case format.SrchCompactLog, format.SrchCompactSorted, format.SrchCompactDelete:
		if unknown := sc.Flags &^ (phases | format.SrchCompactDone | format.SrchCompactError); unknown != 0 {
			p.report(problem.CompactionState, field("flags"), fmt.Sprintf("%#x", sc.Flags), "no unknown flags")
		}
	default:
		p.report(problem.CompactionState, field("flags"), fmt.Sprintf("%#x", sc.Flags), "one of the phases LOG, SORTED and DELETE")
	}
	if sc.Nr == 0 || sc.Nr > format.SrchCompactInputs {
		p.report(problem.CompactionState, field("nr"), fmt.Sprint(sc.Nr), fmt.Sprintf("1 to %d", format.SrchCompactInputs))
		return
	}
	id := sc.ID.Get()
	if want := sc.In[0].File.Ref.Blkno.Get(); id != want {
		p.report(problem.CompactionKey, field("id"), fmt.Sprint(id), fmt.Sprintf("%d, the root of the first input", want))
		return
	}
	switch {
	case format.KindOf(key) == format.KindSrchPending && key != format.SrchPendingKey(id):
		p.report(problem.CompactionKey, field("id"), fmt.Sprint(id), fmt.Sprintf("the %d of its key", key.Second))
	case format.KindOf(key) == format.KindSrchBusy && (key.Third != id || badRID(key.Second)):
		p.report(problem.CompactionKey, field("id"), fmt.Sprintf("%d with the key %v", id, key), "the id of its key and a mount")
	case format.KindOf(key) == format.KindSrchBusy && !p.mounts[key.Second] && !p.mountsLost:
		p.report(problem.CompactionNoMount, place, fmt.Sprintf("mount %016x", key.Second), "a mount that is in mounted_clients")
	}
}

// compactionInputs checks that the inputs of a compaction that has not merged
// them yet are files, and those of no other.
func (p *pass) compactionInputs(sc *format.SrchCompact, key format.Key, place problem.Place, inputs map[format.Key]format.Key) {
	tree := btree.Tree{Reader: p.r, Root: p.s.SrchRoot.Root(), Kind: format.TreeSrchRoot}
	for i := range sc.Inputs() {
		in := &sc.In[i]
		place := withField(place, fmt.Sprintf("in[%d]", i))
		want := fileKey(&in.File, sc.Flags&format.SrchCompactLog != 0)
		if other, twice := inputs[want]; twice {
			p.report(problem.CompactionInput, place, fmt.Sprintf("search file %v, an input of %v too", want, other), "a file of its own")
		} else if len(inputs) < maxCompactions {
			inputs[want] = key
		}
		it, err := tree.Lookup(p.ctx, want)
		switch {
		case errors.Is(err, syscall.ENOENT):
			p.report(problem.CompactionInput, place, fmt.Sprintf("no search file %v", want), "a file in srch_root")
		case err == nil && string(it.Value) != string(format.Bytes(&in.File)):
			p.report(problem.CompactionInput, place, fmt.Sprintf("search file %v described otherwise", want), "as srch_root has it")
		}
		// The next entry to read is in a leaf, or behind the last.
		blk, pos, blocks := in.Blk.Get(), in.Pos.Get(), in.File.Blocks.Get()
		if blk > blocks || blk == blocks && pos != 0 || pos > format.SrchBlockSafeBytes+format.SrchEntryMaxBytes {
			p.report(problem.CompactionPosition, place, fmt.Sprintf("byte %d of leaf %d", pos, blk),
				fmt.Sprintf("a place in a file of %s", count(blocks, "leaf", "leaves")))
		}
	}
}

// deletedInputs claims what is left of inputs that are being deleted.
func (p *pass) deletedInputs(sc *format.SrchCompact, o *owner, place problem.Place) {
	for i := range sc.Inputs() {
		in := &sc.In[i]
		place := withField(place, fmt.Sprintf("in[%d]", i))
		f, err := srch.Open(p.r, &in.File)
		if err != nil {
			if corrupt, ok := errors.AsType[*format.CorruptError](err); ok {
				p.report(problem.SearchFileRoot, withField(place, place.Field+"."+corrupt.Field), corrupt.Found, corrupt.Expected)
			}
			p.lose()
			continue
		}
		blk, level := in.Blk.Get(), in.Pos.Get()
		if height := uint64(in.File.Height); level > height+1 || blk > in.File.Blocks.Get() {
			p.report(problem.CompactionPosition, place, fmt.Sprintf("leaf %d on level %d", blk, level),
				fmt.Sprintf("a place in a file of height %d with %s", height, count(in.File.Blocks.Get(), "leaf", "leaves")))
			p.lose()
			continue
		}
		p.unfreed(f, blk, level, o, place)
	}
}

func (p *pass) unfreed(f *srch.File, blk, level uint64, o *owner, place problem.Place) {
	for b, err := range f.UnfreedRefs(p.ctx, blk, level) {
		if err != nil {
			p.fileError(b, place, err)
			continue
		}
		magic := uint32(format.MagicSrchBlock)
		if b.Level > 0 {
			magic = format.MagicSrchParent
		}
		if err := p.r.CheckRef(b.Ref, magic); err != nil {
			p.fileError(b, place, err)
			continue
		}
		p.claims.use(o, b.Ref, magic)
	}
}

func (p *pass) fileError(b srch.Block, place problem.Place, err error) {
	p.lose()
	number, found, expected, ok := readProblem(err)
	if !ok || p.ctx.Err() != nil {
		return
	}
	if b.Ref.IsZero() {
		number = problem.SearchParent
	} else if number != problem.BlockReference {
		place = at(place, b.Ref.Blkno)
	}
	p.report(number, place, found, expected)
}
