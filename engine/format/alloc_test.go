// SPDX-License-Identifier: GPL-2.0-or-later

package format_test

import (
	"strings"
	"testing"

	"scoutfs/engine/format"
)

// Whatever runs once for every item or block of a walk must not allocate.
func TestReadingDoesNotAllocate(t *testing.T) {
	block := mkfsLeaf(t)
	bytes := block[:]
	format.Seal(bytes)
	name := []byte("scoutfs.hide.srch.totl." + strings.Repeat("n", 100) + ".0x10.2.3")
	dirent := append(make([]byte, 32), name...)
	xattr := firstPart(string(name), make([]byte, 2000))
	text := make([]byte, 0, 128)
	entry := format.AppendSrchEntry(nil, format.SrchEntry{}, format.SrchEntry{Hash: 1 << 60, Ino: 7, ID: 9})
	header := format.Bytes(netHeader(format.CmdStatfs, nil))
	datagram := make([]byte, 32)
	conf := new(format.QuorumConfig)
	conf.Slots[0].Family.Set(format.FamilyIPv4)
	message, err := format.View[format.QuorumMessage](datagram)
	if err != nil {
		t.Fatal(err)
	}
	message.Seal()
	locks := recoverResponse(1, 2, 3).Payload()

	var sink uint64
	for what, f := range map[string]func() error{
		"verifying a block": func() error {
			return format.VerifyBlock(bytes, format.Want{Magic: format.MagicBtree, Blkno: 2, Seq: 1})
		},
		"viewing a block": func() error {
			b, err := format.ViewBtreeBlock(bytes)
			it := b.Item(1)
			val, _ := b.Value(it)
			k := it.Key.Key()
			sink += uint64(len(val)) + uint64(format.KindOf(k)) + uint64(format.LeafHashBucket(k.Next()))
			return err
		},
		"key text": func() error {
			text = format.MaxKey().Append(text[:0])
			return nil
		},
		"lock range and bloom bits": func() error {
			r, _ := format.LockRange(format.InodeKey(1 << 40))
			sink += uint64(format.BloomBitsOf(r.Start)[2])
			return nil
		},
		"inode": func() error {
			val, _ := block.Value(block.Item(1))
			in, _, err := format.ViewInode(val)
			sink += uint64(in.Mtime.Time().Unix())
			return err
		},
		"dirent": func() error {
			d, name, err := format.ViewDirent(dirent, "")
			sink += d.Ino.Get() + format.DirentNameHash(name)
			return err
		},
		"xattr": func() error {
			_, name, _, err := format.ViewXattr(xattr)
			tags, _ := format.ParseXattrTags(name)
			_, _, c, _ := format.ParseTotl(name)
			if tags.Totl {
				sink += c + format.XattrNameHash(name) + format.SrchHash(name)
			}
			return err
		},
		"search entry": func() error {
			e, _, _ := format.DecodeSrchEntry(entry, format.SrchEntry{})
			text = format.AppendSrchEntry(text[:0], format.SrchEntry{}, e)
			return nil
		},
		"message header": func() error {
			h, err := format.View[format.NetHeader](header)
			if err == nil {
				err = h.Check(format.NetServer)
			}
			return err
		},
		"quorum message": func() error {
			_, err := format.ViewQuorumMessage(datagram, 0, conf)
			return err
		},
		"lock recovery": func() error {
			_, err := format.ViewNetLockRecover(locks)
			return err
		},
	} {
		if err := f(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if n := testing.AllocsPerRun(100, func() { _ = f() }); n != 0 {
			t.Errorf("%s allocates %v times", what, n)
		}
	}
	_ = sink
}
