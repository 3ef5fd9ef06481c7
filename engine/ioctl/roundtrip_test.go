// SPDX-License-Identifier: GPL-2.0-or-later

package ioctl_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"scoutfs/engine/ioctl"
)

// empty slices and missing ones mean the same.
var sameSlices = cmpopts.EquateEmpty()

// requestRoundTrip checks that any request survives its bytes; fix brings the
// fields of an arbitrary one into their ranges.
func requestRoundTrip[Q encoder, P decoder[Q]](fix func(t *rapid.T, q *Q)) func(*testing.T) {
	return func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			q := rapid.Make[Q]().Draw(t, "request")
			if fix != nil {
				fix(t, &q)
			}
			var got Q
			if err := P(&got).Decode(q.Encode()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(q, got, sameSlices); diff != "" {
				t.Fatalf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestRequestsSurviveTheirBytes(t *testing.T) {
	t.Parallel()
	batch := func(t *rapid.T, count *int) { *count = rapid.IntRange(0, ioctl.MaxBatch).Draw(t, "count") }
	oneOrMore := func(t *rapid.T, count *int) { *count = rapid.IntRange(1, ioctl.MaxBatch).Draw(t, "count") }
	room := func(t *rapid.T, n *int) { *n = rapid.IntRange(0, ioctl.MaxBytes).Draw(t, "bytes") }
	for name, check := range map[string]func(*testing.T){
		"WALK_INODES": requestRoundTrip(func(t *rapid.T, q *ioctl.WalkInodes) { batch(t, &q.Count) }),
		"INO_PATH": requestRoundTrip(func(t *rapid.T, q *ioctl.InoPath) {
			q.Bytes = rapid.IntRange(0, ioctl.MaxPathBytes).Draw(t, "bytes")
		}),
		"RELEASE":   requestRoundTrip[ioctl.Release](nil),
		"STAGE":     requestRoundTrip[ioctl.Stage](nil),
		"STAT_MORE": requestRoundTrip[ioctl.StatMore](nil),
		"DATA_WAITING": requestRoundTrip(func(t *rapid.T, q *ioctl.DataWaiting) {
			q.Count = rapid.IntRange(0, 65535).Draw(t, "count")
		}),
		"SETATTR_MORE":     requestRoundTrip[ioctl.SetattrMore](nil),
		"LISTXATTR_HIDDEN": requestRoundTrip(func(t *rapid.T, q *ioctl.ListxattrHidden) { room(t, &q.Bytes) }),
		"SEARCH_XATTRS": requestRoundTrip(func(t *rapid.T, q *ioctl.SearchXattrs) {
			batch(t, &q.Count)
			q.Name = rapid.StringN(0, -1, 255).Draw(t, "name")
		}),
		"STATFS_MORE":           requestRoundTrip[ioctl.StatfsMore](nil),
		"DATA_WAIT_ERR":         requestRoundTrip[ioctl.DataWaitErr](nil),
		"ALLOC_DETAIL":          requestRoundTrip(func(t *rapid.T, q *ioctl.AllocDetail) { batch(t, &q.Count) }),
		"MOVE_BLOCKS":           requestRoundTrip[ioctl.MoveBlocks](nil),
		"RESIZE_DEVICES":        requestRoundTrip[ioctl.ResizeDevices](nil),
		"READ_XATTR_TOTALS":     requestRoundTrip(func(t *rapid.T, q *ioctl.ReadXattrTotals) { oneOrMore(t, &q.Count) }),
		"GET_ALLOCATED_INOS":    requestRoundTrip(func(t *rapid.T, q *ioctl.GetAllocatedInos) { oneOrMore(t, &q.Count) }),
		"GET_REFERRING_ENTRIES": requestRoundTrip(func(t *rapid.T, q *ioctl.GetReferringEntries) { room(t, &q.Bytes) }),
		"GET_ATTR_X":            requestRoundTrip[ioctl.GetAttrX](nil),
		"SET_ATTR_X":            requestRoundTrip[ioctl.SetAttrX](nil),
		"GET_QUOTA_RULES":       requestRoundTrip(func(t *rapid.T, q *ioctl.GetQuotaRules) { batch(t, &q.Count) }),
		"ADD_QUOTA_RULE":        requestRoundTrip[ioctl.AddQuotaRule](nil),
		"DEL_QUOTA_RULE":        requestRoundTrip[ioctl.DelQuotaRule](nil),
		"READ_XATTR_INDEX":      requestRoundTrip(func(t *rapid.T, q *ioctl.ReadXattrIndex) { batch(t, &q.Count) }),
		"PUNCH_OFFLINE":         requestRoundTrip[ioctl.PunchOffline](nil),
		"INJECT_TOTL_DELTA":     requestRoundTrip[ioctl.InjectTotlDelta](nil),
		"FIEMAP":                requestRoundTrip(func(t *rapid.T, q *ioctl.Fiemap) { batch(t, &q.Count) }),
	} {
		t.Run(name, check)
	}
}

// replyRoundTrip checks that any result of a request survives its bytes.
func replyRoundTrip[R any](draw func(t *rapid.T, result R) (replier[R], R)) func(*testing.T) {
	return func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			q, result := draw(t, rapid.Make[R]().Draw(t, "result"))
			r, err := q.EncodeReply(q.Encode(), result)
			if err != nil {
				t.Fatal(err)
			}
			if room := q.Encode().OutSize(); uint64(len(r.Out)) > room {
				t.Fatalf("%d bytes of results for a buffer of %d", len(r.Out), room)
			}
			got, err := q.DecodeReply(r)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(result, got, sameSlices); diff != "" {
				t.Fatalf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A result with room to spare, or none.
func room(t *rapid.T, n int) int { return n + rapid.IntRange(0, 3).Draw(t, "room to spare") }

func TestResultsSurviveTheirBytes(t *testing.T) {
	t.Parallel()
	name := rapid.StringMatching(`[^\x00]{1,40}`)
	for request, check := range map[string]func(*testing.T){
		"WALK_INODES": replyRoundTrip(func(t *rapid.T, r []ioctl.InodeEntry) (replier[[]ioctl.InodeEntry], []ioctl.InodeEntry) {
			return ioctl.WalkInodes{Count: room(t, len(r))}, r
		}),
		"INO_PATH": replyRoundTrip(func(t *rapid.T, r ioctl.InoPathResult) (replier[ioctl.InoPathResult], ioctl.InoPathResult) {
			r.Path = name.Draw(t, "path")
			return ioctl.InoPath{Bytes: 24 + room(t, len(r.Path)+1)}, r
		}),
		"STAT_MORE": replyRoundTrip(func(_ *rapid.T, r ioctl.StatMoreResult) (replier[ioctl.StatMoreResult], ioctl.StatMoreResult) {
			return ioctl.StatMore{}, r
		}),
		"DATA_WAITING": replyRoundTrip(func(t *rapid.T, r []ioctl.DataWaiter) (replier[[]ioctl.DataWaiter], []ioctl.DataWaiter) {
			for i := range r {
				r[i].Ops &= 0xff
			}
			return ioctl.DataWaiting{Count: room(t, len(r))}, r
		}),
		"LISTXATTR_HIDDEN": replyRoundTrip(func(t *rapid.T, r ioctl.ListxattrHiddenResult) (replier[ioctl.ListxattrHiddenResult], ioctl.ListxattrHiddenResult) {
			n := 0
			for i := range r.Names {
				r.Names[i] = name.Draw(t, "name")
				n += len(r.Names[i]) + 1
			}
			return ioctl.ListxattrHidden{Bytes: room(t, n)}, r
		}),
		"SEARCH_XATTRS": replyRoundTrip(func(t *rapid.T, r ioctl.SearchXattrsResult) (replier[ioctl.SearchXattrsResult], ioctl.SearchXattrsResult) {
			return ioctl.SearchXattrs{LastIno: 1, Count: 1 + room(t, len(r.Inos))}, r
		}),
		"STATFS_MORE": replyRoundTrip(func(_ *rapid.T, r ioctl.StatfsMoreResult) (replier[ioctl.StatfsMoreResult], ioctl.StatfsMoreResult) {
			return ioctl.StatfsMore{}, r
		}),
		"ALLOC_DETAIL": replyRoundTrip(func(t *rapid.T, r []ioctl.AllocDetailEntry) (replier[[]ioctl.AllocDetailEntry], []ioctl.AllocDetailEntry) {
			return ioctl.AllocDetail{Count: room(t, len(r))}, r
		}),
		"READ_XATTR_TOTALS": replyRoundTrip(func(t *rapid.T, r []ioctl.XattrTotal) (replier[[]ioctl.XattrTotal], []ioctl.XattrTotal) {
			return ioctl.ReadXattrTotals{Count: room(t, len(r))}, r
		}),
		"GET_ALLOCATED_INOS": replyRoundTrip(func(t *rapid.T, r []uint64) (replier[[]uint64], []uint64) {
			return ioctl.GetAllocatedInos{Count: room(t, len(r))}, r
		}),
		"GET_REFERRING_ENTRIES": replyRoundTrip(func(t *rapid.T, r []ioctl.ReferringEntry) (replier[[]ioctl.ReferringEntry], []ioctl.ReferringEntry) {
			n := 0
			for i := range r {
				r[i].Name = rapid.StringN(0, -1, 255).Draw(t, "name")
				n += (len(r[i].Name) + 30 + 15) / 16 * 16
			}
			return ioctl.GetReferringEntries{Bytes: room(t, n)}, r
		}),
		"GET_ATTR_X": replyRoundTrip(func(_ *rapid.T, r ioctl.AttrX) (replier[ioctl.AttrX], ioctl.AttrX) {
			r.Mask = ioctl.AttrAll
			return ioctl.GetAttrX{Mask: r.Mask, Flags: r.Flags}, r
		}),
		"GET_QUOTA_RULES": replyRoundTrip(func(t *rapid.T, r ioctl.GetQuotaRulesResult) (replier[ioctl.GetQuotaRulesResult], ioctl.GetQuotaRulesResult) {
			return ioctl.GetQuotaRules{Count: 1 + room(t, len(r.Rules))}, r
		}),
		"READ_XATTR_INDEX": replyRoundTrip(func(t *rapid.T, r []ioctl.XattrIndexEntry) (replier[[]ioctl.XattrIndexEntry], []ioctl.XattrIndexEntry) {
			return ioctl.ReadXattrIndex{Count: room(t, len(r))}, r
		}),
		"FIEMAP": replyRoundTrip(func(t *rapid.T, r ioctl.FiemapResult) (replier[ioctl.FiemapResult], ioctl.FiemapResult) {
			if len(r.Extents) != 0 {
				r.Mapped = uint32(len(r.Extents))
			}
			count := room(t, len(r.Extents))
			if len(r.Extents) == 0 {
				count = 0
			}
			return ioctl.Fiemap{Count: count}, r
		}),
	} {
		t.Run(request, check)
	}
}

// Of attributes, those that were asked for arrive, and no others.
func TestAttributesArriveAsAskedFor(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.Make[ioctl.AttrX]().Draw(t, "attributes")
		q := ioctl.GetAttrX{Mask: ioctl.AttrMask(rapid.Uint64Range(0, 1<<10-1).Draw(t, "mask"))}
		r, err := q.EncodeReply(q.Encode(), all)
		if err != nil {
			t.Fatal(err)
		}
		got, err := q.DecodeReply(r)
		if err != nil {
			t.Fatal(err)
		}
		want := ioctl.AttrX{Mask: q.Mask}
		for mask, set := range map[ioctl.AttrMask]func(){
			ioctl.AttrMetaSeq:       func() { want.MetaSeq = all.MetaSeq },
			ioctl.AttrDataSeq:       func() { want.DataSeq = all.DataSeq },
			ioctl.AttrDataVersion:   func() { want.DataVersion = all.DataVersion },
			ioctl.AttrOnlineBlocks:  func() { want.OnlineBlocks = all.OnlineBlocks },
			ioctl.AttrOfflineBlocks: func() { want.OfflineBlocks = all.OfflineBlocks },
			ioctl.AttrCtime:         func() { want.Ctime = all.Ctime },
			ioctl.AttrCrtime:        func() { want.Crtime = all.Crtime },
			ioctl.AttrSize:          func() { want.Size = all.Size },
			ioctl.AttrRetention:     func() { want.Retention = all.Retention },
			ioctl.AttrProjectID:     func() { want.ProjectID = all.ProjectID },
		} {
			if q.Mask&mask != 0 {
				set()
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

// Counts and buffers beyond the bounds are cut, on the way out and on the way
// in, and negative ones are none.
func TestBoundsOfACall(t *testing.T) {
	t.Parallel()
	const huge = 1 << 40
	for _, row := range []struct {
		q    encoder
		want uint64
	}{
		{ioctl.WalkInodes{Count: huge}, ioctl.MaxBatch * 24},
		{ioctl.WalkInodes{Count: -1}, 0},
		{ioctl.InoPath{Bytes: huge}, 65535},
		{ioctl.DataWaiting{Count: huge}, 65535 * 24},
		{ioctl.ListxattrHidden{Bytes: huge}, ioctl.MaxBytes},
		{ioctl.ListxattrHidden{Bytes: -5}, 0},
		{ioctl.SearchXattrs{Count: huge}, ioctl.MaxBatch * 8},
		{ioctl.AllocDetail{Count: huge}, ioctl.MaxBatch * 24},
		{ioctl.ReadXattrTotals{Count: huge}, ioctl.MaxBatch * 40},
		{ioctl.GetAllocatedInos{Count: huge}, ioctl.MaxBatch * 8},
		{ioctl.GetReferringEntries{Bytes: huge}, ioctl.MaxBytes},
		{ioctl.GetQuotaRules{Count: huge}, ioctl.MaxBatch * 48},
		{ioctl.ReadXattrIndex{Count: huge}, ioctl.MaxBatch * 24},
		{ioctl.Fiemap{Count: huge}, ioctl.MaxBatch * 56},
		{ioctl.Release{}, 0},
	} {
		if got := row.q.Encode().OutSize(); got != row.want {
			t.Errorf("%+v has room for %d bytes, expected %d", row.q, got, row.want)
		}
	}
	c := ioctl.GetQuotaRules{}.Encode()
	for i := range 8 {
		c.Arg[24+i] = 0xff
	}
	var q ioctl.GetQuotaRules
	if err := q.Decode(c); err != nil || q.Count != ioctl.MaxBatch {
		t.Errorf("2^64-1 rules are decoded as %d, %v", q.Count, err)
	}
	if c.OutSize() != 1<<64-1 {
		t.Errorf("their size is %d", c.OutSize())
	}
	long := ioctl.SearchXattrs{Name: string(make([]byte, 1<<17)), LastIno: 1, Count: 1}
	var back ioctl.SearchXattrs
	if err := back.Decode(long.Encode()); ioctl.Errno(err) == 0 {
		t.Error("a name of 128 KiB was accepted")
	}
}
