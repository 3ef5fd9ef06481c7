// SPDX-License-Identifier: GPL-2.0-or-later

package surgery

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"scoutfs/engine/btree"
	"scoutfs/engine/format"
)

func newLeaf() *format.BtreeBlock {
	b := new(format.BtreeBlock)
	b.Head().MidFreeLen.Set(format.BtreeLeafBytes)
	return b
}

func numbered(n uint64) format.Key { return format.InodeKey(n) }

// The worked example of docs/format.md 5.3.
func TestLeafIsAsTheFormatSays(t *testing.T) {
	t.Parallel()
	b := newLeaf()
	for n := 1; n <= 5; n++ {
		if err := insertItem(b, NewItem{Key: numbered(uint64(n)), Value: make([]byte, 3*n)}); err != nil {
			t.Fatal(err)
		}
	}
	type slot struct {
		first               uint64
		parent, left, right uint16
		height              byte
		valOff              uint16
	}
	check := func(step string, root, total, mid uint16, want ...slot) {
		t.Helper()
		head := b.Head()
		if head.ItemRoot.Get() != root || head.TotalItemBytes.Get() != total || head.MidFreeLen.Get() != mid {
			t.Errorf("%s: root %d total %d mid %d, want %d %d %d", step,
				head.ItemRoot.Get(), head.TotalItemBytes.Get(), head.MidFreeLen.Get(), root, total, mid)
		}
		if b.NrItems() != len(want) {
			t.Fatalf("%s: %d items, want %d", step, b.NrItems(), len(want))
		}
		for i, w := range want {
			it := b.Item(i)
			got := slot{it.Key.First.Get(), it.Node.Parent.Get(), it.Node.Left.Get(), it.Node.Right.Get(), it.Node.Height, it.ValOff.Get()}
			if got != w {
				t.Errorf("%s: slot %d is %+v, want %+v", step, i, got, w)
			}
		}
	}
	check("inserted", 72, 344, 62120,
		slot{1, 72, 0, 0, 1, 62504}, slot{2, 0, 16, 184, 3, 62496}, slot{3, 184, 0, 0, 1, 62480},
		slot{4, 72, 128, 240, 2, 62464}, slot{5, 184, 0, 0, 1, 62448})
	for i, bucket := range []int{1040, 1019, 66, 189, 1156} {
		if b.LeafHash(bucket) != uint16(48+56*i) {
			t.Errorf("bucket %d has %d", bucket, b.LeafHash(bucket))
		}
	}
	removeItem(b, 1)
	check("deleted", 128, 280, 62176,
		slot{1, 128, 0, 0, 1, 62504}, slot{5, 184, 0, 0, 1, 62448},
		slot{3, 0, 16, 184, 3, 62480}, slot{4, 128, 0, 72, 2, 62464})
	compact(b)
	check("compacted", 128, 280, 62184,
		slot{1, 128, 0, 0, 1, 62504}, slot{5, 184, 0, 0, 1, 62456},
		slot{3, 0, 16, 184, 3, 62488}, slot{4, 128, 0, 72, 2, 62472})
}

// After any changes the block verifies and has what a map has.
func TestLeafStaysSoundThroughManyChanges(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	b := newLeaf()
	want := make(map[uint64][]byte)
	value := func() []byte {
		v := make([]byte, rng.IntN(300))
		for i := range v {
			v[i] = byte(rng.Uint32())
		}
		return v
	}
	full := 0
	for step := range 3000 {
		n := rng.Uint64N(1500)
		slot := slotOfKey(b, numbered(n))
		var err error
		v := value()
		switch {
		case slot < 0:
			err = insertItem(b, NewItem{Key: numbered(n), Value: v})
		case rng.IntN(3) == 0:
			err = resizeValue(b, slot, v)
		default:
			removeItem(b, slot)
			delete(want, n)
			v = nil
		}
		switch {
		case errors.Is(err, ErrNoRoom):
			full++
		case err != nil:
			t.Fatal(err)
		case slotOfKey(b, numbered(n)) >= 0:
			want[n] = v
		}
		if step%250 == 0 || err != nil && full < 5 {
			checkLeaf(t, b, want)
		}
	}
	checkLeaf(t, b, want)
	if full == 0 {
		t.Error("the leaf was never full")
	}
}

func checkLeaf(t *testing.T, b *format.BtreeBlock, want map[uint64][]byte) {
	t.Helper()
	for violation := range btree.Verify(b, btree.VerifyOptions{Range: format.AllKeys(), Root: true, AnyItem: true}) {
		t.Fatal(violation)
	}
	if b.NrItems() != len(want) {
		t.Fatalf("%d items, want %d", b.NrItems(), len(want))
	}
	for n, v := range want {
		slot := slotOfKey(b, numbered(n))
		if slot < 0 {
			t.Fatalf("item %d is lost", n)
		}
		if got, ok := b.Value(b.Item(slot)); !ok || !bytes.Equal(got, v) {
			t.Fatalf("item %d has value %x, want %x", n, got, v)
		}
	}
}

func TestUnbalanceBreaksNothingButBalance(t *testing.T) {
	t.Parallel()
	for items := 3; items < 200; items += 1 + items/8 {
		b := newLeaf()
		for n := range items {
			if err := insertItem(b, NewItem{Key: numbered(uint64(n * 7919 % 1009))}); err != nil {
				t.Fatal(err)
			}
		}
		if err := Unbalance(b); err != nil {
			t.Fatal(err)
		}
		found := 0
		for violation := range btree.Verify(b, btree.VerifyOptions{Range: format.AllKeys(), Root: true, AnyItem: true}) {
			if violation.Rule != btree.RuleAVLBalance {
				t.Errorf("%d items: %v", items, violation)
			}
			found++
		}
		if found == 0 {
			t.Errorf("%d items are still balanced", items)
		}
	}
}
