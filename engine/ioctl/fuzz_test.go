// SPDX-License-Identifier: GPL-2.0-or-later

package ioctl_test

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scoutfs/engine/ioctl"
)

// codec decodes calls and replies of one request, and encodes what it made of
// them again.
type codec struct {
	request func(t *testing.T, c ioctl.Call)
	reply   func(t *testing.T, c ioctl.Call, r ioctl.Reply)
}

// told is the codec of a request without a result.
func told[Q encoder, P decoder[Q]]() codec {
	return codec{request: func(t *testing.T, c ioctl.Call) {
		var q, again Q
		if err := P(&q).Decode(c); err != nil {
			mustBeErrno(t, err)
			return
		}
		if err := P(&again).Decode(q.Encode()); err != nil {
			t.Fatalf("%+v does not survive: %v", q, err)
		}
		if diff := cmp.Diff(q, again, sameSlices); diff != "" {
			t.Fatalf("(-first +again):\n%s", diff)
		}
	}}
}

// asked is the codec of a request with a result.
func asked[R any, Q replier[R], P decoder[Q]]() codec {
	c := told[Q, P]()
	c.reply = func(t *testing.T, call ioctl.Call, r ioctl.Reply) {
		var q Q
		if err := P(&q).Decode(call); err != nil {
			return
		}
		result, err := q.DecodeReply(r)
		if err != nil {
			mustBeErrno(t, err)
			return
		}
		encoded, err := q.EncodeReply(q.Encode(), result)
		if err != nil {
			// Names that a client takes may be too many bytes for a server.
			mustBeErrno(t, err)
			return
		}
		if room := q.Encode().OutSize(); uint64(len(encoded.Out)) > room {
			t.Fatalf("%d bytes of results for a buffer of %d", len(encoded.Out), room)
		}
		again, err := q.DecodeReply(encoded)
		if err != nil {
			t.Fatalf("%+v does not survive: %v", result, err)
		}
		// Entries take more room here than in a reply that overlaps them.
		if diff := cmp.Diff(result, again, sameSlices); diff != "" && call.Number != ioctl.NumberGetReferringEntries {
			t.Fatalf("(-first +again):\n%s", diff)
		}
	}
	return c
}

func mustBeErrno(t *testing.T, err error) {
	t.Helper()
	var failed *ioctl.Error
	if !errors.As(err, &failed) || failed.Errno == 0 || failed.Error() == "" {
		t.Fatalf("not an error of a request: %v", err)
	}
}

var codecs = map[ioctl.Number]codec{
	ioctl.NumberWalkInodes:          asked[[]ioctl.InodeEntry, ioctl.WalkInodes](),
	ioctl.NumberInoPath:             asked[ioctl.InoPathResult, ioctl.InoPath](),
	ioctl.NumberRelease:             told[ioctl.Release](),
	ioctl.NumberStage:               asked[int, ioctl.Stage](),
	ioctl.NumberStatMore:            asked[ioctl.StatMoreResult, ioctl.StatMore](),
	ioctl.NumberDataWaiting:         asked[[]ioctl.DataWaiter, ioctl.DataWaiting](),
	ioctl.NumberSetattrMore:         told[ioctl.SetattrMore](),
	ioctl.NumberListxattrHidden:     asked[ioctl.ListxattrHiddenResult, ioctl.ListxattrHidden](),
	ioctl.NumberSearchXattrs:        asked[ioctl.SearchXattrsResult, ioctl.SearchXattrs](),
	ioctl.NumberStatfsMore:          asked[ioctl.StatfsMoreResult, ioctl.StatfsMore](),
	ioctl.NumberDataWaitErr:         asked[int, ioctl.DataWaitErr](),
	ioctl.NumberAllocDetail:         asked[[]ioctl.AllocDetailEntry, ioctl.AllocDetail](),
	ioctl.NumberMoveBlocks:          told[ioctl.MoveBlocks](),
	ioctl.NumberResizeDevices:       told[ioctl.ResizeDevices](),
	ioctl.NumberReadXattrTotals:     asked[[]ioctl.XattrTotal, ioctl.ReadXattrTotals](),
	ioctl.NumberGetAllocatedInos:    asked[[]uint64, ioctl.GetAllocatedInos](),
	ioctl.NumberGetReferringEntries: asked[[]ioctl.ReferringEntry, ioctl.GetReferringEntries](),
	ioctl.NumberGetAttrX:            asked[ioctl.AttrX, ioctl.GetAttrX](),
	ioctl.NumberSetAttrX:            told[ioctl.SetAttrX](),
	ioctl.NumberGetQuotaRules:       asked[ioctl.GetQuotaRulesResult, ioctl.GetQuotaRules](),
	ioctl.NumberAddQuotaRule:        told[ioctl.AddQuotaRule](),
	ioctl.NumberDelQuotaRule:        told[ioctl.DelQuotaRule](),
	ioctl.NumberReadXattrIndex:      asked[[]ioctl.XattrIndexEntry, ioctl.ReadXattrIndex](),
	ioctl.NumberPunchOffline:        told[ioctl.PunchOffline](),
	ioctl.NumberInjectTotlDelta:     told[ioctl.InjectTotlDelta](),
	ioctl.NumberFiemap:              asked[ioctl.FiemapResult, ioctl.Fiemap](),
}

// pick turns a byte of the fuzzer into a request.
func pick(which byte) ioctl.Info {
	var all []ioctl.Info
	for info := range ioctl.Requests() {
		all = append(all, info)
	}
	return all[int(which)%len(all)]
}

// fit cuts or extends an argument to the size of its request, so that the
// fuzzer gets past the check for it most of the time.
func fit(info ioctl.Info, arg []byte) []byte {
	b := make([]byte, info.Number.Size())
	copy(b, arg)
	return b
}

func FuzzRequest(f *testing.F) {
	for which := range byte(26) {
		f.Add(which, true, []byte("\x01\x02\x03"), []byte("scoutfs.srch.name"))
	}
	f.Add(byte(8), false, make([]byte, 55), []byte(nil))
	f.Fuzz(func(t *testing.T, which byte, whole bool, arg, in []byte) {
		info := pick(which)
		if whole {
			arg = fit(info, arg)
		}
		codecs[info.Number].request(t, ioctl.Call{Number: info.Number, Arg: arg, In: in})
	})
}

func FuzzReply(f *testing.F) {
	ones := make([]byte, 104)
	for i := range ones {
		ones[i] = 1
	}
	for which := range byte(26) {
		f.Add(which, ones, int64(2), ones, append(make([]byte, 1024), ones...))
		f.Add(which, ones, int64(-1), []byte(nil), []byte(nil))
	}
	f.Add(byte(16), ones, int64(1), []byte(nil), unhex(f, "18171615141312112827262524232221383736353433323130000008036162630000000000000000000000000000000000"))
	f.Add(byte(1), ones, int64(0), []byte(nil), unhex(f, "181716151413121128272625242322210600000000000000612f62ff6300"))
	f.Fuzz(func(t *testing.T, which byte, request []byte, ret int64, arg, out []byte) {
		info := pick(which)
		codec := codecs[info.Number]
		if codec.reply == nil {
			return
		}
		call := ioctl.Call{Number: info.Number, Arg: fit(info, request), In: make([]byte, 300)}
		codec.reply(t, call, ioctl.Reply{Return: int(ret), Arg: arg, Out: out})
	})
}

func FuzzServe(f *testing.F) {
	for which := range byte(26) {
		f.Add(which, make([]byte, 256), uint64(pageStart))
		pointing := make([]byte, 256)
		for i := 0; i < len(pointing); i += 8 {
			binary.LittleEndian.PutUint64(pointing[i:], pageStart+128)
		}
		f.Add(which, pointing, uint64(pageStart))
	}
	v := newFakeVolume()
	for _, name := range []string{"one", "two"} {
		v.create(f, name, false, 3*4096+2048).srch = "scoutfs.srch.label"
	}
	f.Fuzz(func(t *testing.T, which byte, memory []byte, addr uint64) {
		info := pick(which)
		// The fake has no checks for what the fuzzer would soon find in it,
		// only the way to it is of interest.
		switch info.Number {
		case ioctl.NumberSetAttrX, ioctl.NumberSetattrMore, ioctl.NumberMoveBlocks, ioctl.NumberAddQuotaRule, ioctl.NumberInjectTotlDelta:
			return
		}
		file, err := v.OpenPath(context.Background(), "one", os.O_RDWR)
		if err != nil {
			t.Fatal(err)
		}
		caller := &task{page(memory), file.(*fakeFile), []ioctl.Capability{ioctl.SysAdmin, ioctl.DACReadSearch}}
		ret, err := ioctl.Server{Volume: v, File: file}.Serve(context.Background(), caller, info.Number, addr)
		if err != nil && ioctl.Errno(err) == 0 || ret < 0 {
			t.Fatalf("returned %d, %v", ret, err)
		}
	})
}
