// SPDX-License-Identifier: GPL-2.0-or-later

package ioctl_test

import (
	"encoding/hex"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scoutfs/engine/ioctl"
)

// The bytes in this file are what a C compiler makes of structures of
// kmod/src/ioctl.h and linux/fiemap.h with the same values.

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

type encoder interface{ Encode() ioctl.Call }

type decoder[Q any] interface {
	*Q
	Decode(c ioctl.Call) error
}

// requestCase checks a request's bytes in both directions.
func requestCase[Q encoder, P decoder[Q]](q Q, number ioctl.Number, arg, in string) func(*testing.T) {
	return func(t *testing.T) {
		t.Parallel()
		want := ioctl.Call{Number: number, Arg: unhex(t, arg)}
		if in != "" {
			want.In = []byte(in)
		}
		if diff := cmp.Diff(want, q.Encode()); diff != "" {
			t.Errorf("Encode (-want +got):\n%s", diff)
		}
		var got Q
		if err := P(&got).Decode(want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(q, got); diff != "" {
			t.Errorf("Decode (-want +got):\n%s", diff)
		}
	}
}

func TestRequestsHaveTheBytesOfC(t *testing.T) {
	t.Parallel()
	entry := func(a, b uint64, c uint32) ioctl.InodeEntry { return ioctl.InodeEntry{Major: a, Ino: b, Minor: c} }
	for name, check := range map[string]func(*testing.T){
		"WALK_INODES": requestCase(ioctl.WalkInodes{
			Index: ioctl.IndexDataSeq,
			First: entry(0x1112131415161718, 0x2122232425262728, 0x31323334),
			Last:  entry(0x4142434445464748, 0x5152535455565758, 0x61626364),
			Count: 0x10203,
		}, 0x4048e801, "181716151413121128272625242322213433323100000000484746454443424158575655545352516463626100000000000000000000000003020100010000000000000000000000", ""),
		"INO_PATH": requestCase(ioctl.InoPath{
			Ino: 0x1112131415161718, From: ioctl.DirPosition{Dir: 0x2122232425262728, Pos: 0x3132333435363738}, Bytes: 0x4142,
		}, 0x4028e802, "18171615141312112827262524232221383736353433323100000000000000004241000000000000", ""),
		"RELEASE": requestCase(ioctl.Release{
			Offset: 0x1112131415161718, Length: 0x2122232425262728, DataVersion: 0x3132333435363738,
		}, 0x4018e803, "181716151413121128272625242322213837363534333231", ""),
		"STAGE": requestCase(ioctl.Stage{
			DataVersion: 0x1112131415161718, Offset: 0x2122232425262728, Data: []byte("bytes"),
		}, 0x4020e804, "1817161514131211000000000000000028272625242322210500000000000000", "bytes"),
		"STAT_MORE": requestCase(ioctl.StatMore{}, 0x8038e805,
			"0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000", ""),
		"DATA_WAITING": requestCase(ioctl.DataWaiting{
			Flags: 0x1112131415161718, AfterIno: 0x2122232425262728, AfterBlock: 0x3132333435363738, Count: 0x4142,
		}, 0x4028e806, "18171615141312112827262524232221383736353433323100000000000000004241000000000000", ""),
		"SETATTR_MORE": requestCase(ioctl.SetattrMore{
			DataVersion: 0x1112131415161718, Size: 0x2122232425262728, Flags: ioctl.SetattrOffline,
			Ctime:  ioctl.Timespec{Sec: 0x3132333435363738, Nsec: 0x41424344},
			Crtime: ioctl.Timespec{Sec: 0x6162636465666768, Nsec: 0x51525354},
		}, 0x4030e807, "181716151413121128272625242322210100000000000000383736353433323144434241545352516867666564636261", ""),
		"LISTXATTR_HIDDEN": requestCase(ioctl.ListxattrHidden{
			From: ioctl.XattrPosition{Hash: 0x31323334, ID: 0x1112131415161718}, Bytes: 0x10203,
		}, 0xc018e808, "181716151413121100000000000000000302010034333231", ""),
		"SEARCH_XATTRS": requestCase(ioctl.SearchXattrs{
			Name: "scoutfs.srch.hide.label", NextIno: 0x1112131415161718, LastIno: 0x2122232425262728, Count: 0x10203,
		}, 0x4038e809, "1817161514131211282726252423222100000000000000000000000000000000000000000000000003020100000000001700000000000000", "scoutfs.srch.hide.label"),
		"STATFS_MORE": requestCase(ioctl.StatfsMore{}, 0x8030e80a,
			"000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000", ""),
		"DATA_WAIT_ERR": requestCase(ioctl.DataWaitErr{
			Ino: 0x1112131415161718, DataVersion: 0x2122232425262728, Offset: 0x3132333435363738, Count: 0x4142434445464748, Ops: ioctl.WaitWrite, Err: -5,
		}, 0x4030e80b, "18171615141312112827262524232221383736353433323148474645444342410200000000000000fbffffffffffffff", ""),
		"ALLOC_DETAIL": requestCase(ioctl.AllocDetail{Count: 0x10203}, 0x4010e80c, "00000000000000000302010000000000", ""),
		"MOVE_BLOCKS": requestCase(ioctl.MoveBlocks{
			FromFD: 0x11121314, FromOffset: 0x2122232425262728, Length: 0x3132333435363738, ToOffset: 0x4142434445464748, DataVersion: 0x5152535455565758, Flags: ioctl.MoveStage,
		}, 0x4030e80d, "141312110000000028272625242322213837363534333231484746454443424158575655545352510100000000000000", ""),
		"RESIZE_DEVICES": requestCase(ioctl.ResizeDevices{
			TotalMetaBlocks: 0x1112131415161718, TotalDataBlocks: 0x2122232425262728,
		}, 0x4010e80e, "18171615141312112827262524232221", ""),
		"READ_XATTR_TOTALS": requestCase(ioctl.ReadXattrTotals{
			From: ioctl.TotalName{0x1112131415161718, 0x2122232425262728, 0x3132333435363738}, Count: 3,
		}, 0x4028e80f, "18171615141312112827262524232221383736353433323100000000000000007800000000000000", ""),
		"GET_ALLOCATED_INOS": requestCase(ioctl.GetAllocatedInos{Start: 0x1112131415161718, Count: 0x203},
			0x4018e810, "181716151413121100000000000000001810000000000000", ""),
		"GET_REFERRING_ENTRIES": requestCase(ioctl.GetReferringEntries{
			Ino: 0x1112131415161718, From: ioctl.DirPosition{Dir: 0x2122232425262728, Pos: 0x3132333435363738}, Bytes: 0x10203,
		}, 0x4028e811, "18171615141312112827262524232221383736353433323100000000000000000302010000000000", ""),
		"GET_ATTR_X": requestCase(ioctl.GetAttrX{
			Mask: ioctl.AttrCtime | ioctl.AttrMetaSeq | ioctl.AttrProjectID, Flags: ioctl.AttrSizeOffline,
		}, 0x4068e812, "2102000000000000010000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000", ""),
		"SET_ATTR_X": requestCase(ioctl.SetAttrX(everyAttribute), 0x4068e813, everyAttributeHex, ""),
		"GET_QUOTA_RULES": requestCase(ioctl.GetQuotaRules{
			From: ioctl.QuotaIterator{0x1112131415161718, 0x2122232425262728}, Count: 0x10203,
		}, 0x8020e814, "1817161514131211282726252423222100000000000000000302010000000000", ""),
		"ADD_QUOTA_RULE": requestCase(ioctl.AddQuotaRule{Rule: someRule}, 0x4030e815, someRuleHex, ""),
		"DEL_QUOTA_RULE": requestCase(ioctl.DelQuotaRule{Rule: someRule}, 0x4030e816, someRuleHex, ""),
		"READ_XATTR_INDEX": requestCase(ioctl.ReadXattrIndex{
			Flags: 0x1112131415161718,
			First: ioctl.XattrIndexEntry{Minor: 0x2122232425262728, Ino: 0x3132333435363738, Major: 0x41},
			Last:  ioctl.XattrIndexEntry{Minor: 0x5152535455565758, Ino: 0x6162636465666768, Major: 0x71},
			Count: 0x10203,
		}, 0x8048e817, "181716151413121128272625242322213837363534333231410000000000000058575655545352516867666564636261710000000000000000000000000000000302010000000000", ""),
		"PUNCH_OFFLINE": requestCase(ioctl.PunchOffline{
			Offset: 0x1112131415161718, Length: 0x2122232425262728, DataVersion: 0x3132333435363738, Flags: 0x4142434445464748,
		}, 0x4020e818, "1817161514131211282726252423222138373635343332314847464544434241", ""),
		"INJECT_TOTL_DELTA": requestCase(ioctl.InjectTotlDelta{
			Name: ioctl.TotalName{0x1112131415161718, 0x2122232425262728, 0x3132333435363738}, Total: -2, Count: -3,
		}, 0x4028e819, "181716151413121128272625242322213837363534333231fefffffffffffffffdffffffffffffff", ""),
		"FIEMAP": requestCase(ioctl.Fiemap{
			Start: 0x1112131415161718, Length: 0x2122232425262728, Flags: ioctl.FiemapSync, Count: 0x10203,
		}, 0xc020660b, "1817161514131211282726252423222101000000000000000302010000000000", ""),
	} {
		t.Run(name, check)
	}
}

var everyAttribute = ioctl.AttrX{
	Mask: ioctl.AttrAll, Flags: ioctl.AttrSizeOffline,
	MetaSeq: 0x1112131415161718, DataSeq: 0x2122232425262728, DataVersion: 0x3132333435363738,
	OnlineBlocks: 0x4142434445464748, OfflineBlocks: 0x5152535455565758,
	Ctime:  ioctl.Timespec{Sec: 0x6162636465666768, Nsec: 0x71727374},
	Crtime: ioctl.Timespec{Sec: 0x9192939495969798, Nsec: 0x81828384},
	Size:   0xa1a2a3a4a5a6a7a8, Retention: true, ProjectID: 0xb1b2b3b4b5b6b7b8,
}

const everyAttributeHex = "ff03000000000000010000000000000018171615141312112827262524232221383736353433323148474645444342415857565554535251686766656463626174737271848382819897969594939291a8a7a6a5a4a3a2a10100000000000000b8b7b6b5b4b3b2b1"

var someRule = ioctl.QuotaRule{
	Prio: 0x51,
	Names: [3]ioctl.QuotaName{
		{Value: 0x1112131415161718, Source: 0x61, Flags: 0x71},
		{Value: 0x2122232425262728, Source: 0x62, Flags: 0x72},
		{Value: 0x3132333435363738, Source: 0x63, Flags: 0x73},
	},
	Op: 0x52, Limit: 0x4142434445464748, Flags: 0x53,
}

const someRuleHex = "181716151413121128272625242322213837363534333231484746454443424151525361626371727300000000000000"

type replier[R any] interface {
	encoder
	EncodeReply(c ioctl.Call, r R) (ioctl.Reply, error)
	DecodeReply(r ioctl.Reply) (R, error)
}

// replyCase checks a result's bytes in both directions.
func replyCase[R any](q replier[R], result R, ret int, arg, out string) func(*testing.T) {
	return func(t *testing.T) {
		t.Parallel()
		want := ioctl.Reply{Return: ret}
		if arg != "" {
			want.Arg = unhex(t, arg)
		}
		if out != "" {
			want.Out = unhex(t, out)
		}
		got, err := q.EncodeReply(q.Encode(), result)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("EncodeReply (-want +got):\n%s", diff)
		}
		// A kernel hands back all of the buffer, whatever it wrote there.
		want.Out = append(want.Out, 0xee, 0xee, 0xee)
		back, err := q.DecodeReply(want)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(result, back); diff != "" {
			t.Errorf("DecodeReply (-want +got):\n%s", diff)
		}
	}
}

func TestRepliesHaveTheBytesOfC(t *testing.T) {
	t.Parallel()
	const walkEntry = "181716151413121128272625242322213433323100000000"
	for name, check := range map[string]func(*testing.T){
		"WALK_INODES": replyCase(ioctl.WalkInodes{Count: 5}, []ioctl.InodeEntry{
			{Major: 0x1112131415161718, Ino: 0x2122232425262728, Minor: 0x31323334},
			{Major: 0x1112131415161718, Ino: 0x2122232425262728, Minor: 0x31323334},
		}, 2, "", walkEntry+walkEntry),
		"INO_PATH": replyCase(ioctl.InoPath{Bytes: 30}, ioctl.InoPathResult{
			At: ioctl.DirPosition{Dir: 0x1112131415161718, Pos: 0x2122232425262728}, Path: "a/b\xffc",
		}, 0, "", "181716151413121128272625242322210600000000000000612f62ff6300"),
		"STAGE": replyCase(ioctl.Stage{Data: make([]byte, 8192)}, 4096, 4096, "", ""),
		"STAT_MORE": replyCase(ioctl.StatMore{}, ioctl.StatMoreResult{
			MetaSeq: 0x1112131415161718, DataSeq: 0x2122232425262728, DataVersion: 0x3132333435363738,
			OnlineBlocks: 0x4142434445464748, OfflineBlocks: 0x5152535455565758,
			Crtime: ioctl.Timespec{Sec: 0x6162636465666768, Nsec: 0x71727374},
		}, 0, "1817161514131211282726252423222138373635343332314847464544434241585756555453525168676665646362617473727100000000", ""),
		"DATA_WAITING": replyCase(ioctl.DataWaiting{Count: 1}, []ioctl.DataWaiter{
			{Ino: 0x1112131415161718, Block: 0x2122232425262728, Ops: ioctl.WaitRead | ioctl.WaitChangeSize},
		}, 1, "", "181716151413121128272625242322210500000000000000"),
		"LISTXATTR_HIDDEN": replyCase(ioctl.ListxattrHidden{Bytes: 0x10203}, ioctl.ListxattrHiddenResult{
			Names: []string{"ab", "c"}, Next: ioctl.XattrPosition{Hash: 0x31323334, ID: 0x1112131415161718},
		}, 5, "181716151413121100000000000000000302010034333231", "6162006300"),
		"SEARCH_XATTRS": replyCase(ioctl.SearchXattrs{
			Name: "scoutfs.srch.hide.label", NextIno: 0x1112131415161718, LastIno: 0x2122232425262728, Count: 0x10203,
		}, ioctl.SearchXattrsResult{Inos: []uint64{0x1112131415161718, 0x1112131415161719}, End: true},
			2, "1817161514131211282726252423222100000000000000000000000000000000010000000000000003020100000000001700000000000000", "18171615141312111917161514131211"),
		"STATFS_MORE": replyCase(ioctl.StatfsMore{}, ioctl.StatfsMoreResult{
			FSID: 0x1112131415161718, RID: 0x2122232425262728, CommittedSeq: 0x3132333435363738,
			TotalMetaBlocks: 0x4142434445464748, TotalDataBlocks: 0x5152535455565758, ReservedMetaBlocks: 0x6162636465666768,
		}, 0, "181716151413121128272625242322213837363534333231484746454443424158575655545352516867666564636261", ""),
		"DATA_WAIT_ERR": replyCase(ioctl.DataWaitErr{}, 7, 7, "", ""),
		"ALLOC_DETAIL": replyCase(ioctl.AllocDetail{Count: 3}, []ioctl.AllocDetailEntry{
			{ID: 0x1112131415161718, Blocks: 0x2122232425262728, Type: 0x31, Meta: true, Avail: true},
			{ID: 1, Blocks: 2, Meta: true},
			{ID: 3, Blocks: 4, Avail: true},
		}, 3, "", "181716151413121128272625242322213103000000000000"+
			"010000000000000002000000000000000001000000000000"+
			"030000000000000004000000000000000002000000000000"),
		"READ_XATTR_TOTALS": replyCase(ioctl.ReadXattrTotals{Count: 1}, []ioctl.XattrTotal{{
			Name:  ioctl.TotalName{0x1112131415161718, 0x2122232425262728, 0x3132333435363738},
			Total: 0x4142434445464748, Count: 0x5152535455565758,
		}}, 1, "", "18171615141312112827262524232221383736353433323148474645444342415857565554535251"),
		"GET_ALLOCATED_INOS": replyCase(ioctl.GetAllocatedInos{Count: 2}, []uint64{1, 0x1112131415161718}, 2, "", "01000000000000001817161514131211"),
		"GET_REFERRING_ENTRIES": replyCase(ioctl.GetReferringEntries{Bytes: 80}, []ioctl.ReferringEntry{
			{At: ioctl.DirPosition{Dir: 0x1112131415161718, Pos: 0x2122232425262728}, Ino: 0x3132333435363738, Type: 8, Name: "abc"},
			{At: ioctl.DirPosition{Dir: 0x4142434445464748, Pos: 0x5152535455565758}, Ino: 0x3132333435363738, Type: 4, Name: "\xfee", Last: true},
		}, 2, "", "181716151413121128272625242322213837363534333231300000080361626300000000000000000000000000000000"+
			"4847464544434241585756555453525138373635343332312000010402fe6500"),
		"GET_ATTR_X, all":     replyCase(ioctl.GetAttrX{Mask: ioctl.AttrAll, Flags: ioctl.AttrSizeOffline}, everyAttribute, 0, everyAttributeHex, ""),
		"GET_ATTR_X, nothing": replyCase(ioctl.GetAttrX{}, ioctl.AttrX{}, 0, "", ""),
		"GET_ATTR_X, up to the last that was asked for": replyCase(
			ioctl.GetAttrX{Mask: ioctl.AttrDataSeq | ioctl.AttrCtime},
			ioctl.AttrX{Mask: ioctl.AttrDataSeq | ioctl.AttrCtime, DataSeq: 0x2122232425262728, Ctime: ioctl.Timespec{Sec: 0x6162636465666768, Nsec: 0x71727374}},
			0, "2200000000000000"+"0000000000000000"+"0000000000000000"+"2827262524232221"+
				"0000000000000000"+"0000000000000000"+"0000000000000000"+"6867666564636261"+"74737271", ""),
		"GET_QUOTA_RULES": replyCase(ioctl.GetQuotaRules{Count: 0x10203}, ioctl.GetQuotaRulesResult{
			Rules: []ioctl.QuotaRule{someRule}, Next: ioctl.QuotaIterator{0x1112131415161718, 0x2122232425262728},
		}, 1, "1817161514131211282726252423222100000000000000000302010000000000", someRuleHex),
		"READ_XATTR_INDEX": replyCase(ioctl.ReadXattrIndex{Count: 1}, []ioctl.XattrIndexEntry{
			{Minor: 0x1112131415161718, Ino: 0x2122232425262728, Major: 0x31},
		}, 1, "", "181716151413121128272625242322213100000000000000"),
		"FIEMAP": replyCase(ioctl.Fiemap{Start: 0x1112131415161718, Length: 0x2122232425262728, Flags: ioctl.FiemapSync, Count: 0x10203}, ioctl.FiemapResult{
			Extents: []ioctl.FiemapExtent{{
				Logical: 0x1112131415161718, Physical: 0x2122232425262728, Length: 0x3132333435363738,
				Flags: ioctl.ExtentLast | ioctl.ExtentUnknown | ioctl.ExtentDelalloc | ioctl.ExtentUnwritten,
			}},
			Mapped: 1,
		}, 0, "1817161514131211282726252423222101000000010000000302010000000000",
			"1817161514131211282726252423222138373635343332310000000000000000000000000000000007080000000000000000000000000000"),
		"FIEMAP, counting only": replyCase(ioctl.Fiemap{Length: 1}, ioctl.FiemapResult{Mapped: 9},
			0, "0000000000000000010000000000000000000000090000000000000000000000", ""),
	} {
		t.Run(name, check)
	}
}

func TestNumbersAndNames(t *testing.T) {
	t.Parallel()
	want := []ioctl.Number{
		0x4048e801, 0x4028e802, 0x4018e803, 0x4020e804, 0x8038e805, 0x4028e806, 0x4030e807, 0xc018e808, 0x4038e809,
		0x8030e80a, 0x4030e80b, 0x4010e80c, 0x4030e80d, 0x4010e80e, 0x4028e80f, 0x4018e810, 0x4028e811, 0x4068e812,
		0x4068e813, 0x8020e814, 0x4030e815, 0x4030e816, 0x8048e817, 0x4020e818, 0x4028e819, 0xc020660b,
	}
	var got []ioctl.Number
	for info := range ioctl.Requests() {
		got = append(got, info.Number)
		if again, ok := info.Number.Info(); !ok || again.Name != info.Name || info.Number.String() != info.Name {
			t.Errorf("%s: looked up by number, it is %s", info.Name, again.Name)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("numbers (-want +got):\n%s", diff)
	}
	for _, other := range []ioctl.Number{0, 1, 0x4048e800, 0x4048e802, 0x8048e801, 0x4028e81a, 0x4028e8ff, 0x4028660b, 0xffffffff} {
		if info, ok := other.Info(); ok {
			t.Errorf("%#x is taken for %s", uint32(other), info.Name)
		}
	}
	if got := ioctl.Number(0x4028e81a).String(); got != "ioctl 0x4028e81a" {
		t.Errorf("an unknown number is called %q", got)
	}
}
