// SPDX-License-Identifier: GPL-2.0-or-later

package forest_test

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"

	"scoutfs/engine/block"
	"scoutfs/engine/forest"
	"scoutfs/engine/format"
	"scoutfs/internal/testblock"
)

// The model is a history: mounts write items and totals into their logs one
// after another, logs are finalized together, and a merge takes them into
// fs_root key range by key range until it is cut off. The forest must then
// show what the history did last to each key, and the sum of all that it did
// to each total, wherever the pieces are.

// modelCases is how many random histories are tried, unless the environment
// says otherwise in SCOUTFS_MODEL_CASES. History n is the same every time.
const modelCases = 5_000

func TestForestShowsWhatTheHistoryDidLast(t *testing.T) {
	t.Parallel()
	cases := modelCases
	if text := os.Getenv("SCOUTFS_MODEL_CASES"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatalf("SCOUTFS_MODEL_CASES: %v", err)
		}
		cases = n
	}
	var wait sync.WaitGroup
	for worker := range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for seed := worker; seed < cases && !t.Failed(); seed += runtime.GOMAXPROCS(0) {
				h := newHistory(uint64(seed))
				h.run()
				if err := h.check(t); err != nil {
					t.Errorf("seed %d: %v", seed, err)
				}
			}
		})
	}
	wait.Wait()
}

// version is one tree's item of a key.
type version struct {
	seq          uint64
	deleted      bool
	value        []byte
	total, count uint64
}

// modelTree holds at most one version of each key, as a btree does.
type modelTree map[format.Key]version

// modelLog is a log tree and its place in the life of logs.
type modelLog struct {
	items       modelTree
	finalizeSeq uint64 // 0 while open
}

type history struct {
	random *rand.Rand
	keys   []format.Key
	seq    uint64

	// What the history did, without any trees.
	truth  map[format.Key][]byte
	xattrs map[format.Key][]uint64 // values of the live xattrs of a total

	fsRoot   modelTree
	logs     []*modelLog
	mergeSeq uint64    // 0 without a merge in progress
	overlay  *modelLog // changes that are in memory only, nil without any
}

func newHistory(seed uint64) *history {
	h := &history{
		random: rand.New(rand.NewPCG(seed, 77)),
		seq:    1,
		truth:  map[format.Key][]byte{},
		xattrs: map[format.Key][]uint64{},
		fsRoot: modelTree{},
	}
	for range 2 + h.random.IntN(20) {
		if k := h.randomKey(); !slices.Contains(h.keys, k) {
			h.keys = append(h.keys, k)
		}
	}
	return h
}

// randomKey picks from few values, so that keys fall together and next to
// each other, in the same lock groups and others.
func (h *history) randomKey() format.Key {
	small := func(of ...uint64) uint64 { return of[h.random.IntN(len(of))] }
	switch h.random.IntN(6) {
	case 0:
		return format.TotlKey(small(0, 1, 1<<63), small(0, 2), small(0, 3))
	case 1:
		return format.InodeIndexKey(format.TypeMetaSeq, small(0, 1, 1023, 1024), small(1, 2))
	case 2:
		return format.OrphanKey(small(1, 1024, 1<<40))
	case 3:
		return format.XattrKey(small(1, 1024), small(5, 6), small(0, 1), uint8(small(0, 1, 255)))
	}
	return format.InodeKey(small(1, 2, 1023, 1024, 1025, 5000))
}

func (h *history) run() {
	h.write(h.mounts(h.random.IntN(3)))
	h.finalize()
	h.mergeAll()
	first := h.mounts(h.random.IntN(4))
	h.write(first)
	if h.random.IntN(3) > 0 {
		h.finalize()
		if h.random.IntN(3) > 0 {
			h.seq++
			h.mergeSeq = h.seq
			h.mergeSome()
		}
		second := h.mounts(h.random.IntN(3))
		h.write(second)
		if h.mergeSeq != 0 && h.random.IntN(3) == 0 {
			h.finalize() // too late for the merge in progress
			h.write(h.mounts(1))
		}
	}
	if h.random.IntN(2) == 0 {
		h.finalize() // who changes a volume in memory is its only mount
		h.overlay = &modelLog{items: modelTree{}}
		h.write([]*modelLog{h.overlay})
	}
}

func (h *history) mounts(n int) []*modelLog {
	logs := make([]*modelLog, n)
	for i := range logs {
		logs[i] = &modelLog{items: modelTree{}}
	}
	h.logs = append(h.logs, logs...)
	return logs
}

// write lets mounts change random keys in turn.
func (h *history) write(mounts []*modelLog) {
	if len(mounts) == 0 {
		return
	}
	for range h.random.IntN(60) {
		h.seq++
		log := mounts[h.random.IntN(len(mounts))]
		k := h.keys[h.random.IntN(len(h.keys))]
		if k.Zone == format.ZoneXattrTotl {
			h.changeTotal(log, k)
			continue
		}
		v := version{seq: h.seq, deleted: h.random.IntN(3) == 0}
		if v.deleted {
			delete(h.truth, k)
		} else {
			v.value = binary.LittleEndian.AppendUint64(nil, h.random.Uint64())[:h.random.IntN(9)]
			h.truth[k] = v.value
		}
		log.items[k] = v
	}
}

// changeTotal creates, replaces or removes an xattr that counts in a total.
func (h *history) changeTotal(log *modelLog, k format.Key) {
	v := log.items[k]
	v.seq = h.seq
	live := h.xattrs[k]
	value := h.random.Uint64N(5)
	switch i := h.random.IntN(len(live) + 1); {
	case i == len(live):
		h.xattrs[k] = append(live, value)
		v.total += value
		v.count++
	case h.random.IntN(2) == 0:
		v.total += value - live[i]
		live[i] = value
	default:
		v.total -= live[i]
		v.count--
		h.xattrs[k] = slices.Delete(live, i, i+1)
	}
	log.items[k] = v
}

// finalize closes all open logs.
func (h *history) finalize() {
	for _, log := range h.logs {
		if log.finalizeSeq == 0 {
			h.seq++
			log.finalizeSeq = h.seq
		}
	}
}

// mergeAll finishes a merge: the inputs are gone.
func (h *history) mergeAll() {
	for _, k := range h.keys {
		h.mergeKey(k)
	}
	h.logs = nil
}

// mergeSome merges a random part of the keys.
func (h *history) mergeSome() {
	for _, k := range h.keys {
		if h.random.IntN(2) == 0 {
			h.mergeKey(k)
		}
	}
}

// mergeKey takes one key of all finalized logs into fs_root, by the table in
// docs/format.md 7.5.
func (h *history) mergeKey(k format.Key) {
	var merged version
	found := false
	for _, log := range h.logs {
		v, ok := log.items[k]
		switch {
		case !ok:
		case !found:
			merged, found = v, true
		case k.Zone == format.ZoneXattrTotl:
			merged.total += v.total
			merged.count += v.count
			merged.seq = max(merged.seq, v.seq)
		case v.seq > merged.seq:
			merged = v
		}
	}
	if !found {
		return
	}
	if k.Zone == format.ZoneXattrTotl {
		if merged.total == 0 && merged.count == 0 {
			return
		}
		fs := h.fsRoot[k]
		merged.total += fs.total
		merged.count += fs.count
		merged.deleted = merged.total == 0 && merged.count == 0
	}
	if merged.deleted {
		delete(h.fsRoot, k)
	} else {
		h.fsRoot[k] = merged
	}
}

// expected is the merged view that the history leaves.
func (h *history) expected() map[format.Key][]byte {
	want := maps.Clone(h.truth)
	for k, live := range h.xattrs {
		var sum format.XattrTotal
		for _, v := range live {
			sum.Total.Set(sum.Total.Get() + v)
			sum.Count.Set(sum.Count.Get() + 1)
		}
		if len(live) > 0 {
			want[k] = bytes.Clone(format.Bytes(&sum))
		}
	}
	return want
}

// store writes the trees to a volume and loads a snapshot of it.
func (h *history) store(tb testing.TB) (*forest.Snapshot, error) {
	v := testblock.New(tb, 4096)
	perBlock := 2 + h.random.IntN(30)
	var super format.Super
	super.FSRoot.Set(v.Tree(perBlock, h.fsRoot.items()...))
	var logs []testblock.Item
	for i, log := range h.logs {
		lt := new(format.LogTrees)
		lt.RID.Set(uint64(i%3 + 1))
		lt.Nr.Set(uint64(i + 1))
		lt.ItemRoot.Set(v.Tree(perBlock, log.items.items()...))
		if len(log.items) > 0 {
			lt.BloomRef.Set(v.Add(format.MagicBloom, log.items.bloom()))
		}
		if log.finalizeSeq != 0 {
			lt.Flags.Set(format.LogTreesFinalized)
			lt.FinalizeSeq.Set(log.finalizeSeq)
		}
		logs = append(logs, testblock.Item{
			Key:   format.LogTreesKey(lt.RID.Get(), lt.Nr.Get()),
			Value: format.Bytes(lt),
		})
	}
	slices.SortFunc(logs, func(a, b testblock.Item) int { return a.Key.Compare(b.Key) })
	super.LogsRoot.Set(v.Tree(perBlock, logs...))
	if h.mergeSeq != 0 {
		status := new(format.LogMergeStatus)
		status.Seq.Set(h.mergeSeq)
		super.LogMerge.Set(v.Tree(perBlock, testblock.Item{Key: format.LogMergeStatusKey(), Value: format.Bytes(status)}))
	}
	blocks := block.NewReader(v.Dev, block.Options{FSID: testblock.FSID, Workers: -1})
	s, err := forest.Load(tb.Context(), blocks, &super)
	if err != nil || h.overlay == nil {
		return s, err
	}
	return h.commit(tb, v, s)
}

// commit writes a part of the changes that are in memory into a log tree, in
// one commit or several, and returns the view of it with the rest.
func (h *history) commit(tb testing.TB, v *testblock.Volume, s *forest.Snapshot) (*forest.Snapshot, error) {
	w := block.NewWriter(s.Blocks(), v.Dev, testblock.FSID, v.Space(), h.random.Uint64)
	lt := new(format.LogTrees)
	lt.RID.Set(uint64(h.random.IntN(5)))
	lt.Nr.Set(1000)
	lt.Flags.Set(format.LogTreesFinalized)
	rest := h.overlay.items
	for range h.random.IntN(3) {
		var part modelTree
		part, rest = h.split(rest)
		if _, err := forest.WriteLog(tb.Context(), w, lt, part.overlay()); err != nil {
			return nil, err
		}
		if err := w.Write(tb.Context()); err != nil {
			return nil, err
		}
	}
	h.seq++
	lt.FinalizeSeq.Set(h.seq)
	logs := append(slices.Clone(s.LogTrees), lt)
	slices.SortStableFunc(logs, func(a, b *format.LogTrees) int { return cmp.Compare(a.RID.Get(), b.RID.Get()) })
	return forest.New(s.Blocks(), s.Super, logs, s.Merge).With(rest.overlay()), nil
}

// split takes changes apart: of a total, a part may come first, and of another
// key, an older version.
func (h *history) split(items modelTree) (first, rest modelTree) {
	first, rest = modelTree{}, modelTree{}
	for _, k := range slices.SortedFunc(maps.Keys(items), format.Key.Compare) {
		item := items[k]
		older := version{seq: item.seq, value: []byte("older"), deleted: h.random.IntN(2) == 0}
		if k.Zone == format.ZoneXattrTotl {
			older = version{seq: item.seq, total: h.random.Uint64N(9), count: 1}
			item.total -= older.total
			item.count -= older.count
		}
		switch h.random.IntN(3) {
		case 0:
			rest[k] = items[k]
		case 1:
			first[k] = items[k]
		default:
			first[k], rest[k] = older, item
		}
	}
	return first, rest
}

// overlay returns the changes of a log tree as they are in memory.
func (m modelTree) overlay() *forest.Overlay {
	o := forest.NewOverlay()
	for k, v := range m {
		switch {
		case k.Zone == format.ZoneXattrTotl:
			o.AddTotal(k, v.seq, v.total, v.count)
		case v.deleted:
			o.Delete(k, v.seq)
		default:
			o.Set(k, v.seq, v.value)
		}
	}
	return o
}

func (m modelTree) items() []testblock.Item {
	items := make([]testblock.Item, 0, len(m))
	for k, v := range m {
		it := testblock.Item{Key: k, Seq: v.seq, Value: v.value}
		if k.Zone == format.ZoneXattrTotl {
			var total format.XattrTotal
			total.Total.Set(v.total)
			total.Count.Set(v.count)
			it.Value = bytes.Clone(format.Bytes(&total))
		}
		if v.deleted {
			it.Flags = format.ItemFlagDeletion
			it.Value = nil
		}
		items = append(items, it)
	}
	slices.SortFunc(items, func(a, b testblock.Item) int { return a.Key.Compare(b.Key) })
	return items
}

func (m modelTree) bloom() []byte {
	b := testblock.NewBlock()
	bloom, err := format.ViewBloomBlock(b)
	if err != nil {
		panic(err)
	}
	for k := range m {
		lock, _ := format.LockRange(k)
		bloom.Add(format.BloomBitsOf(lock.Start))
	}
	return b
}

func (h *history) check(t *testing.T) error {
	s, err := h.store(t)
	if err != nil {
		return err
	}
	want := h.expected()
	keys := slices.SortedFunc(maps.Keys(want), format.Key.Compare)
	if err := checkWalk(t, s, want, keys, format.AllKeys()); err != nil {
		return err
	}
	a, b := h.keys[h.random.IntN(len(h.keys))], h.keys[h.random.IntN(len(h.keys))]
	if b.Less(a) {
		a, b = b, a
	}
	if err := checkWalk(t, s, want, keys, format.Range{Start: a, End: b}); err != nil {
		return fmt.Errorf("from %s to %s: %w", a, b, err)
	}
	for _, k := range h.keys {
		it, err := s.Lookup(t.Context(), k)
		val, exists := want[k]
		switch {
		case !exists && !errors.Is(err, syscall.ENOENT):
			return fmt.Errorf("lookup of %s gives %v, want ENOENT", k, err)
		case exists && (err != nil || !bytes.Equal(it.Value, val)):
			return fmt.Errorf("lookup of %s gives %x (%v), want %x", k, it.Value, err, val)
		}
	}
	return checkSeeks(t, h, s, keys)
}

func checkWalk(t *testing.T, s *forest.Snapshot, want map[format.Key][]byte, keys []format.Key, within format.Range) error {
	keys = slices.DeleteFunc(slices.Clone(keys), func(k format.Key) bool { return !within.Contains(k) })
	i := 0
	for it, err := range s.Items(t.Context(), within) {
		if err != nil {
			return err
		}
		if i == len(keys) || it.Key != keys[i] {
			return fmt.Errorf("item %d is %s, want one of %v", i, it.Key, keys)
		}
		if !bytes.Equal(it.Value, want[it.Key]) {
			return fmt.Errorf("value of %s is %x, want %x", it.Key, it.Value, want[it.Key])
		}
		i++
	}
	if i < len(keys) {
		return fmt.Errorf("walk ends before %s", keys[i])
	}
	return checkBatchedWalk(t, s, want, keys, within)
}

// checkBatchedWalk walks again with memory of the cursor's own.
func checkBatchedWalk(t *testing.T, s *forest.Snapshot, want map[format.Key][]byte, keys []format.Key, within format.Range) error {
	c := s.CursorWith(within, forest.CursorOptions{Batch: s.Blocks().NewBatch(1), Whole: true})
	for i := 0; c.Next(t.Context()); i++ {
		it := c.Item()
		if i == len(keys) || it.Key != keys[i] || !bytes.Equal(it.Value, want[it.Key]) {
			return fmt.Errorf("batched item %d is %s with %x, want one of %v", i, it.Key, it.Value, keys)
		}
	}
	return c.Err()
}

// checkSeeks moves one cursor about at random.
func checkSeeks(t *testing.T, h *history, s *forest.Snapshot, keys []format.Key) error {
	c := s.Cursor(format.AllKeys())
	for range 5 {
		k := h.randomKey()
		at, _ := slices.BinarySearchFunc(keys, k, func(a, b format.Key) int { return cmp.Compare(a.Compare(b), 0) })
		for ok, n := c.Seek(t.Context(), k), 0; n < 3; ok, n = c.Next(t.Context()), n+1 {
			if ok != (at+n < len(keys)) || ok && c.Item().Key != keys[at+n] {
				return fmt.Errorf("%d after seek to %s: %v %s, want %v", n, k, ok, c.Item().Key, keys[min(at+n, len(keys)):])
			}
			if !ok {
				break
			}
		}
		if err := c.Err(); err != nil {
			return err
		}
	}
	return nil
}
