// SPDX-License-Identifier: GPL-2.0-or-later

package forest_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"

	"scoutfs/engine/block"
	"scoutfs/engine/btree"
	"scoutfs/engine/forest"
	"scoutfs/engine/format"
	"scoutfs/internal/testblock"
)

// overlayModel is a view that changes, and what it has to show.
type overlayModel struct {
	random  *rand.Rand
	seq     uint64
	overlay *forest.Overlay
	view    *forest.Snapshot
	truth   map[format.Key][]byte
}

// newOverlayModel makes a view of a small fs_root and a log tree.
func newOverlayModel(tb testing.TB, seed uint64) *overlayModel {
	tb.Helper()
	m := &overlayModel{
		random: rand.New(rand.NewPCG(seed, 5)), seq: 100, overlay: forest.NewOverlay(), truth: map[format.Key][]byte{},
	}
	v := testblock.New(tb, 4096)
	fsRoot, log := modelTree{}, modelTree{}
	for range m.random.IntN(80) {
		fsRoot[m.key()] = version{seq: 1, value: m.value()}
	}
	for range m.random.IntN(20) {
		log[m.key()] = version{seq: 2, value: m.value(), deleted: m.random.IntN(2) == 0}
	}
	for _, tree := range []modelTree{fsRoot, log} {
		for k, item := range tree {
			delete(m.truth, k)
			if !item.deleted {
				m.truth[k] = item.value
			}
		}
	}
	var super format.Super
	super.FSRoot.Set(v.Tree(7, fsRoot.items()...))
	lt := new(format.LogTrees)
	lt.RID.Set(1)
	lt.Nr.Set(1)
	lt.Flags.Set(format.LogTreesFinalized)
	lt.ItemRoot.Set(v.Tree(7, log.items()...))
	lt.BloomRef.Set(v.Add(format.MagicBloom, log.bloom()))
	super.LogsRoot.Set(v.Tree(7, testblock.Item{Key: format.LogTreesKey(1, 1), Value: format.Bytes(lt)}))
	s, err := forest.Load(tb.Context(), block.NewReader(v.Dev, block.Options{FSID: testblock.FSID, Workers: -1}), &super)
	if err != nil {
		tb.Fatal(err)
	}
	m.view = s.With(m.overlay)
	return m
}

func (m *overlayModel) key() format.Key { return format.InodeKey(m.random.Uint64N(150)) }

func (m *overlayModel) value() []byte {
	return binary.LittleEndian.AppendUint64(nil, m.random.Uint64())[:m.random.IntN(9)]
}

// change makes a random change.
func (m *overlayModel) change() {
	k := m.key()
	m.seq++
	_, exists := m.truth[k]
	switch i := m.random.IntN(3); {
	case i == 0:
		m.overlay.Delete(k, m.seq)
		delete(m.truth, k)
		return
	case i == 1 && !exists:
		m.truth[k] = m.value()
		m.overlay.Create(k, m.seq, m.truth[k])
	default:
		m.truth[k] = m.value()
		m.overlay.Set(k, m.seq, m.truth[k])
	}
}

// next returns the first key after another one.
func (m *overlayModel) next(after format.Key, orEqual bool) (format.Key, bool) {
	var next format.Key
	found := false
	for k := range m.truth {
		if (after.Less(k) || orEqual && k == after) && (!found || k.Less(next)) {
			next, found = k, true
		}
	}
	return next, found
}

func TestCursorGoesOnWithWhatTheOverlayHoldsByThen(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		m := newOverlayModel(t, seed)
		for range 6 {
			c := m.view.Cursor(format.AllKeys())
			var at format.Key
			ok, first := true, true
			for ok {
				for range m.random.IntN(4) {
					m.change()
				}
				want, exists := m.next(at, first)
				if !first && m.random.IntN(10) == 0 {
					at = m.key()
					want, exists = m.next(at, true)
					ok = c.Seek(t.Context(), at)
				} else {
					ok = c.Next(t.Context())
				}
				first = false
				if ok != exists || c.Err() != nil {
					t.Fatalf("seed %d: after %s there is %v (%v), want %v %s", seed, at, ok, c.Err(), exists, want)
				}
				if !ok {
					break
				}
				it := c.Item()
				if it.Key != want || !bytes.Equal(it.Value, m.truth[want]) {
					t.Fatalf("seed %d: after %s is %s with %x, want %s with %x", seed, at, it.Key, it.Value, want, m.truth[want])
				}
				at = it.Key
			}
		}
	}
}

func TestLookupShowsTheOverlaysChangesFirst(t *testing.T) {
	t.Parallel()
	for seed := range uint64(100) {
		m := newOverlayModel(t, seed)
		for range 100 {
			m.change()
			k := m.key()
			it, err := m.view.Lookup(t.Context(), k)
			value, exists := m.truth[k]
			if exists && (err != nil || it.Key != k || !bytes.Equal(it.Value, value)) || !exists && !errors.Is(err, syscall.ENOENT) {
				t.Fatalf("seed %d: %s is %x (%v), want %x, %v", seed, k, it.Value, err, value, exists)
			}
		}
	}
}

func TestRollbackRestoresTheOverlayExactly(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		m := newOverlayModel(t, seed)
		for range m.random.IntN(60) {
			m.change()
		}
		total := format.TotlKey(1, 2, 3)
		m.overlay.AddTotal(total, m.seq, 5, 1)
		m.overlay.Begin()
		if m.overlay.Changed() {
			t.Fatal("an operation that has just begun has changes")
		}
		was, length, bytesWas := slices.Collect(m.overlay.Items()), m.overlay.Len(), m.overlay.Bytes()
		truth := maps.Clone(m.truth)
		for range m.random.IntN(60) {
			m.change()
			m.overlay.AddTotal(total, m.seq, 1, 1)
		}
		m.overlay.Rollback()
		m.truth = truth
		now := slices.Collect(m.overlay.Items())
		if !slices.EqualFunc(was, now, sameItem) || m.overlay.Len() != length || m.overlay.Bytes() != bytesWas {
			t.Fatalf("seed %d: after the rollback there are %d items of %d bytes, want %d of %d:\n%v\n%v",
				seed, m.overlay.Len(), m.overlay.Bytes(), length, bytesWas, now, was)
		}
	}
}

func sameItem(a, b btree.Item) bool {
	return a.Key == b.Key && a.Seq == b.Seq && a.Flags == b.Flags && bytes.Equal(a.Value, b.Value)
}

func TestOverlayOfOneKey(t *testing.T) {
	t.Parallel()
	k := format.InodeKey(7)
	total := format.TotlKey(1, 2, 3)
	sum := func(total, count uint64) []byte {
		var v format.XattrTotal
		v.Total.Set(total)
		v.Count.Set(count)
		return bytes.Clone(format.Bytes(&v))
	}
	tests := []struct {
		name string
		do   func(*forest.Overlay)
		want []btree.Item
	}{
		{"set", func(o *forest.Overlay) { o.Set(k, 5, []byte("a")) }, []btree.Item{{Key: k, Seq: 5, Value: []byte("a")}}},
		{
			"set twice", func(o *forest.Overlay) { o.Set(k, 5, []byte("a")); o.Set(k, 6, []byte("b")) },
			[]btree.Item{{Key: k, Seq: 6, Value: []byte("b")}},
		},
		{
			"deleted", func(o *forest.Overlay) { o.Set(k, 5, []byte("a")); o.Delete(k, 6) },
			[]btree.Item{{Key: k, Seq: 6, Flags: format.ItemFlagDeletion}},
		},
		{"created and deleted", func(o *forest.Overlay) { o.Create(k, 5, []byte("a")); o.Delete(k, 6) }, nil},
		{"created, replaced and deleted", func(o *forest.Overlay) { o.Create(k, 5, nil); o.Set(k, 5, []byte("b")); o.Delete(k, 6) }, nil},
		{
			"deleted, created and deleted", func(o *forest.Overlay) { o.Delete(k, 5); o.Create(k, 5, nil); o.Delete(k, 6) },
			[]btree.Item{{Key: k, Seq: 6, Flags: format.ItemFlagDeletion}},
		},
		{"total", func(o *forest.Overlay) { o.AddTotal(total, 5, 10, 1) }, []btree.Item{{Key: total, Seq: 5, Value: sum(10, 1)}}},
		{
			"total added to", func(o *forest.Overlay) { o.AddTotal(total, 5, 10, 2); o.AddTotal(total, 6, ^uint64(0), ^uint64(0)) },
			[]btree.Item{{Key: total, Seq: 6, Value: sum(9, 1)}},
		},
		{
			"total of zero", func(o *forest.Overlay) { o.AddTotal(total, 5, 10, 1); o.AddTotal(total, 6, ^uint64(9), ^uint64(0)) },
			[]btree.Item{{Key: total, Seq: 6, Value: sum(0, 0)}},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o := forest.NewOverlay()
			test.do(o)
			if got := slices.Collect(o.Items()); !slices.EqualFunc(got, test.want, sameItem) {
				t.Errorf("the overlay has %v, want %v", got, test.want)
			}
		})
	}
}
