// SPDX-License-Identifier: GPL-2.0-or-later

package block_test

import (
	"errors"
	"io"
	"syscall"
	"testing"

	"scoutfs/engine/block"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/internal/testimage"
)

// newSuper returns a device with a super block and all quorum blocks.
func newSuper(t *testing.T) (dev *device.Memory, super []byte) {
	t.Helper()
	dev = device.NewMemory("meta", 128<<10)
	super = make([]byte, format.SmallBlockSize)
	s, err := format.View[format.Super](super)
	if err != nil {
		t.Fatal(err)
	}
	s.Hdr.Magic.Set(format.MagicSuper)
	s.Hdr.FSID.Set(0x1122334455667788)
	s.Hdr.Seq.Set(9)
	s.Hdr.Blkno.Set(format.SuperBlkno)
	s.FmtVers.Set(2)
	put(t, dev, format.SuperBlkno, super)
	for slot := range format.QuorumSlots {
		b := make([]byte, format.SmallBlockSize)
		hdr, err := format.View[format.BlockHeader](b)
		if err != nil {
			t.Fatal(err)
		}
		hdr.Magic.Set(format.MagicQuorum)
		hdr.FSID.Set(0x1122334455667788)
		hdr.Blkno.Set(uint64(format.QuorumBlkno + slot))
		put(t, dev, format.QuorumBlkno+slot, b)
	}
	return dev, super
}

func put(t *testing.T, dev device.Device, blkno int, b []byte) {
	t.Helper()
	format.Seal(b)
	if _, err := dev.WriteAt(b, int64(blkno)<<format.SmallBlockShift); err != nil {
		t.Fatal(err)
	}
}

func TestReadSuperVerifies(t *testing.T) {
	t.Parallel()
	tests := []struct {
		field  string // that the error names, "" for none
		change func(s *format.Super)
	}{
		{"", func(*format.Super) {}},
		{"", func(s *format.Super) { s.FmtVers.Set(1) }},
		{"magic", func(s *format.Super) { s.Hdr.Magic.Set(format.MagicQuorum) }},
		{"blkno", func(s *format.Super) { s.Hdr.Blkno.Set(17) }},
		{"fmt_vers", func(s *format.Super) { s.FmtVers.Set(0) }},
		{"fmt_vers", func(s *format.Super) { s.FmtVers.Set(3) }},
	}
	for _, test := range tests {
		dev, b := newSuper(t)
		s, err := format.View[format.Super](b)
		if err != nil {
			t.Fatal(err)
		}
		test.change(s)
		put(t, dev, format.SuperBlkno, b)

		got, super, err := block.ReadSuper(dev)
		var corrupt *format.CorruptError
		switch {
		case test.field == "" && err != nil:
			t.Errorf("error is %v", err)
		case test.field != "" && (!errors.As(err, &corrupt) || corrupt.Field != test.field):
			t.Errorf("error is %v, want one about %s", err, test.field)
		}
		if string(got) != string(b) || super == nil || super.Hdr.Seq.Get() != 9 {
			t.Errorf("%s: the bytes are not those of the device", test.field)
		}
	}

	dev, b := newSuper(t)
	if _, err := dev.WriteAt([]byte{b[3000] ^ 1}, 65536+3000); err != nil {
		t.Fatal(err)
	}
	var corrupt *format.CorruptError
	if _, super, err := block.ReadSuper(dev); !errors.As(err, &corrupt) || corrupt.Field != "crc" || super == nil {
		t.Errorf("damaged super: %v", err)
	}
	if _, super, err := block.ReadSuper(device.NewMemory("short", 65536)); !errors.Is(err, io.EOF) || super != nil {
		t.Errorf("short device: %v", err)
	}
}

func TestReadQuorumBlockVerifies(t *testing.T) {
	t.Parallel()
	dev, _ := newSuper(t)
	for slot := range format.QuorumSlots {
		for _, fsid := range []uint64{0, 0x1122334455667788} {
			q, b, err := block.ReadQuorumBlock(dev, slot, fsid)
			if err != nil || len(b) != format.SmallBlockSize || q.Hdr.Blkno.Get() != uint64(17+slot) {
				t.Errorf("slot %d: %v", slot, err)
			}
		}
	}
	var corrupt *format.CorruptError
	if q, _, err := block.ReadQuorumBlock(dev, 3, 5); !errors.As(err, &corrupt) || corrupt.Field != "fsid" || q == nil {
		t.Errorf("another volume's: %v", err)
	}
	for _, slot := range []int{-1, 15} {
		if _, _, err := block.ReadQuorumBlock(dev, slot, 0); !errors.Is(err, syscall.EINVAL) {
			t.Errorf("slot %d: %v", slot, err)
		}
	}
}

func TestSupersAndQuorumBlocksOfImages(t *testing.T) {
	verify := func(t *testing.T, img testimage.Image) {
		t.Helper()
		t.Parallel()
		pair, err := device.OpenPair(img.Meta, img.Data, device.Options{Shared: true})
		if err != nil {
			t.Fatal(err)
		}
		defer pair.Close()
		_, super, err := block.ReadSuper(pair.Meta)
		if err != nil || !super.IsMeta() {
			t.Fatalf("meta super: %v", err)
		}
		for slot := range format.QuorumSlots {
			if img.Name == "synthetic-all-items" && slot == 1 {
				continue // filled in by hand, without a crc
			}
			if _, _, err := block.ReadQuorumBlock(pair.Meta, slot, super.Hdr.FSID.Get()); err != nil {
				t.Error(err)
			}
		}
		if pair.Data == nil {
			return
		}
		_, data, err := block.ReadSuper(pair.Data)
		if err != nil || data.IsMeta() || data.UUID != super.UUID {
			t.Errorf("data super: %v", err)
		}
	}
	t.Run("images", func(t *testing.T) { testimage.Each(t, verify) })
	t.Run("samples", func(t *testing.T) { testimage.EachSample(t, verify) })
}
