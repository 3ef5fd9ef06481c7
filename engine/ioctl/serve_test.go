// SPDX-License-Identifier: GPL-2.0-or-later

package ioctl_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"slices"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scoutfs/engine/ioctl"
)

// task is a task that called ioctl(2) on an open file.
type task struct {
	memory interface {
		io.ReaderAt
		io.WriterAt
	}
	file *fakeFile
	can  []ioctl.Capability
}

func (t *task) ReadMemory(p []byte, addr uint64) error {
	_, err := t.memory.ReadAt(p, int64(addr))
	return err
}

func (t *task) WriteMemory(p []byte, addr uint64) error {
	_, err := t.memory.WriteAt(p, int64(addr))
	return err
}

func (t *task) Capable(c ioctl.Capability) bool { return slices.Contains(t.can, c) }
func (t *task) Readable() bool                  { return t.file.readable() }
func (t *task) Writable() bool                  { return t.file.writable() }

// page is memory from pageStart on; there is none around it.
type page []byte

const pageStart = 0x10000

func (p page) at(n int, off int64) ([]byte, error) {
	off -= pageStart
	if off < 0 || off > int64(len(p)) || n > len(p)-int(off) {
		return nil, syscall.EFAULT
	}
	return p[off : off+int64(n)], nil
}

func (p page) ReadAt(b []byte, off int64) (int, error) {
	m, err := p.at(len(b), off)
	return copy(b, m), err
}

func (p page) WriteAt(b []byte, off int64) (int, error) {
	m, err := p.at(len(b), off)
	return copy(m, b), err
}

// serving is a volume with a tree, and a task with a page of memory.
type serving struct {
	v    *fakeVolume
	page page
	task *task
}

func newServing(t *testing.T, path string, flags int, can ...ioctl.Capability) *serving {
	t.Helper()
	v := newFakeVolume()
	fillTree(t, v)
	f, err := v.OpenPath(t.Context(), path, flags)
	if err != nil {
		t.Fatal(err)
	}
	memory := make(page, 8192)
	for i := range memory {
		memory[i] = 0xee
	}
	return &serving{v, memory, &task{memory, f.(*fakeFile), can}}
}

// call writes an argument to the start of the page, with pointers at their
// offsets, and serves the request.
func (s *serving) call(q interface{ Encode() ioctl.Call }, pointers map[int]uint64) (int, error) {
	c := q.Encode()
	copy(s.page, c.Arg)
	for offset, address := range pointers {
		binary.LittleEndian.PutUint64(s.page[offset:], address)
	}
	server := ioctl.Server{Volume: s.v, File: s.task.file}
	return server.Serve(context.Background(), s.task, c.Number, pageStart)
}

func TestRightsAreAskedForBeforeAnythingElse(t *testing.T) {
	t.Parallel()
	const none = ioctl.NoCapability
	for _, row := range []struct {
		q     interface{ Encode() ioctl.Call }
		can   ioctl.Capability
		flags int
		want  syscall.Errno
	}{
		{ioctl.WalkInodes{}, none, os.O_WRONLY, 0},
		{ioctl.InoPath{}, none, os.O_RDONLY, syscall.EPERM},
		{ioctl.InoPath{}, ioctl.SysAdmin, os.O_RDONLY, syscall.EPERM},
		{ioctl.InoPath{Bytes: 4096}, ioctl.DACReadSearch, os.O_RDONLY, syscall.ENOENT},
		{ioctl.Release{Length: 4096, DataVersion: 1}, none, os.O_RDONLY, syscall.EINVAL},
		{ioctl.Release{Length: 4096, DataVersion: 1}, none, os.O_WRONLY, 0},
		{ioctl.Stage{}, none, os.O_RDONLY, 0},
		{ioctl.StatMore{}, none, os.O_WRONLY, 0},
		{ioctl.DataWaiting{}, none, os.O_RDONLY, 0},
		{ioctl.SetattrMore{}, none, os.O_RDONLY, syscall.EBADF},
		{ioctl.SetattrMore{}, none, os.O_WRONLY, syscall.EPERM},
		{ioctl.SetattrMore{}, ioctl.SysAdmin, os.O_WRONLY, syscall.EINVAL},
		{ioctl.ListxattrHidden{}, none, os.O_RDONLY, 0},
		{ioctl.SearchXattrs{}, none, os.O_WRONLY, syscall.EBADF},
		{ioctl.SearchXattrs{}, none, os.O_RDONLY, syscall.EPERM},
		{ioctl.SearchXattrs{}, ioctl.SysAdmin, os.O_RDONLY, 0},
		{ioctl.StatfsMore{}, none, os.O_WRONLY, 0},
		{ioctl.DataWaitErr{}, none, os.O_RDONLY, syscall.EPERM},
		{ioctl.DataWaitErr{}, ioctl.SysAdmin, os.O_WRONLY, 0},
		{ioctl.AllocDetail{}, none, os.O_WRONLY, 0},
		{ioctl.MoveBlocks{}, none, os.O_RDONLY, 0},
		{ioctl.ResizeDevices{}, ioctl.SysAdmin, os.O_WRONLY, syscall.EBADF},
		{ioctl.ResizeDevices{}, none, os.O_RDONLY, syscall.EPERM},
		{ioctl.ResizeDevices{}, ioctl.SysAdmin, os.O_RDONLY, 0},
		{ioctl.ReadXattrTotals{}, none, os.O_WRONLY, syscall.EBADF},
		{ioctl.ReadXattrTotals{}, none, os.O_RDONLY, syscall.EPERM},
		{ioctl.ReadXattrTotals{}, ioctl.SysAdmin, os.O_RDONLY, syscall.EINVAL},
		{ioctl.GetAllocatedInos{}, none, os.O_WRONLY, syscall.EBADF},
		{ioctl.GetAllocatedInos{}, none, os.O_RDONLY, syscall.EPERM},
		{ioctl.GetAllocatedInos{}, ioctl.SysAdmin, os.O_RDONLY, syscall.EINVAL},
		{ioctl.GetReferringEntries{}, none, os.O_RDONLY, syscall.EPERM},
		{ioctl.GetReferringEntries{}, ioctl.DACReadSearch, os.O_WRONLY, 0},
		{ioctl.GetAttrX{}, none, os.O_WRONLY, 0},
		{ioctl.SetAttrX{}, none, os.O_RDONLY, syscall.EPERM},
		{ioctl.SetAttrX{}, ioctl.SysAdmin, os.O_RDONLY, 0},
		{ioctl.GetQuotaRules{}, none, os.O_RDONLY, syscall.EPERM},
		{ioctl.GetQuotaRules{}, ioctl.SysAdmin, os.O_WRONLY, 0},
		{ioctl.AddQuotaRule{}, none, os.O_RDONLY, syscall.EPERM},
		{ioctl.AddQuotaRule{}, ioctl.SysAdmin, os.O_RDONLY, 0},
		{ioctl.DelQuotaRule{}, none, os.O_RDONLY, syscall.EPERM},
		{ioctl.DelQuotaRule{}, ioctl.SysAdmin, os.O_RDONLY, syscall.ENOENT},
		{ioctl.ReadXattrIndex{}, none, os.O_RDONLY, syscall.EPERM},
		{ioctl.ReadXattrIndex{}, ioctl.SysAdmin, os.O_WRONLY, 0},
		{ioctl.PunchOffline{DataVersion: 1}, none, os.O_RDONLY, syscall.EINVAL},
		{ioctl.PunchOffline{DataVersion: 1}, none, os.O_RDWR, 0},
		{ioctl.InjectTotlDelta{}, none, os.O_RDONLY, syscall.EPERM},
		{ioctl.InjectTotlDelta{}, ioctl.SysAdmin, os.O_WRONLY, 0},
		{ioctl.Fiemap{Length: 1}, none, os.O_RDONLY, 0},
	} {
		s := newServing(t, "one", row.flags, row.can)
		if _, err := s.call(row.q, nil); ioctl.Errno(err) != row.want {
			t.Errorf("%s by a task with capability %s on a file open with %d: %v, expected %v", row.q.Encode().Number, row.can, row.flags, err, row.want)
		}
	}
}

func TestServeReadsAndWritesTheMemoryOfTheTask(t *testing.T) {
	t.Parallel()
	s := newServing(t, "one", os.O_RDONLY, ioctl.SysAdmin)
	const name, inos = pageStart + 512, pageStart + 1024
	copy(s.page[512:], "scoutfs.srch.label")
	q := ioctl.SearchXattrs{Name: "scoutfs.srch.label", LastIno: 5000, Count: 10}
	n, err := s.call(q, map[int]uint64{16: name, 24: inos, 32: 0xffff})
	if n != 3 || err != nil {
		t.Fatalf("found %d, %v", n, err)
	}
	// The pointers are as the task wrote them, the output flags say END.
	want := q.Encode().Arg
	binary.LittleEndian.PutUint64(want[16:], name)
	binary.LittleEndian.PutUint64(want[24:], inos)
	want[32] = 1
	if diff := cmp.Diff(want, []byte(s.page[:len(want)])); diff != "" {
		t.Errorf("argument (-want +got):\n%s", diff)
	}
	for i, want := range []uint64{1027, 1028, 1029} {
		if got := binary.LittleEndian.Uint64(s.page[1024+8*i:]); got != want {
			t.Errorf("inode %d is %d, expected %d", i, got, want)
		}
	}
	if s.page[1023] != 0xee || s.page[1024+3*8] != 0xee {
		t.Error("wrote around the results")
	}
}

func TestRequestsLeaveWhatTheyDoNotWrite(t *testing.T) {
	t.Parallel()
	t.Run("SEARCH_XATTRS without room keeps the output flags", func(t *testing.T) {
		t.Parallel()
		s := newServing(t, "one", os.O_RDONLY, ioctl.SysAdmin)
		if n, err := s.call(ioctl.SearchXattrs{LastIno: 5000}, map[int]uint64{32: 0xabcd}); n != 0 || err != nil {
			t.Fatal(n, err)
		}
		if got := binary.LittleEndian.Uint64(s.page[32:]); got != 0xabcd {
			t.Errorf("output flags are %#x", got)
		}
	})
	t.Run("GET_ATTR_X keeps attributes that it was not asked for", func(t *testing.T) {
		t.Parallel()
		s := newServing(t, "one", os.O_RDONLY)
		// data_seq and size are the caller's, in front of and behind what it
		// asks for.
		q := ioctl.GetAttrX{Mask: ioctl.AttrDataVersion | ioctl.AttrOnlineBlocks}
		if n, err := s.call(q, map[int]uint64{24: 0x1111, 80: 0x2222}); n != 0 || err != nil {
			t.Fatal(n, err)
		}
		for offset, want := range map[int]uint64{0: uint64(q.Mask), 24: 0x1111, 32: 1, 40: 4, 80: 0x2222} {
			if got := binary.LittleEndian.Uint64(s.page[offset:]); got != want {
				t.Errorf("field at %d is %#x, expected %#x", offset, got, want)
			}
		}
	})
	t.Run("GET_QUOTA_RULES without room keeps the iterator", func(t *testing.T) {
		t.Parallel()
		s := newServing(t, "one", os.O_RDONLY, ioctl.SysAdmin)
		if n, err := s.call(ioctl.GetQuotaRules{From: ioctl.QuotaIterator{7, 8}}, nil); n != 0 || err != nil {
			t.Fatal(n, err)
		}
		if got := binary.LittleEndian.Uint64(s.page[0:]); got != 7 {
			t.Errorf("the iterator is %d", got)
		}
	})
}

func TestBadAddresses(t *testing.T) {
	t.Parallel()
	const outside, end = pageStart - 1, pageStart + 8192
	all := []ioctl.Capability{ioctl.SysAdmin, ioctl.DACReadSearch}
	for name, row := range map[string]struct {
		q        interface{ Encode() ioctl.Call }
		pointers map[int]uint64
		want     syscall.Errno
	}{
		"results before the page":      {ioctl.WalkInodes{Last: ioctl.LastInodeEntry(), Count: 1}, map[int]uint64{48: outside}, syscall.EFAULT},
		"results across its end":       {ioctl.WalkInodes{Last: ioctl.LastInodeEntry(), Count: 9}, map[int]uint64{48: end - 24}, syscall.EFAULT},
		"room beyond its end, unused":  {ioctl.WalkInodes{First: ioctl.LastInodeEntry(), Count: 9}, map[int]uint64{48: end}, 0},
		"data across its end":          {ioctl.Stage{Data: make([]byte, 4096)}, map[int]uint64{8: end - 4095}, syscall.EFAULT},
		"name before the page":         {ioctl.SearchXattrs{Name: "x", LastIno: 1, Count: 1}, map[int]uint64{16: outside}, syscall.EFAULT},
		"totals at an odd address":     {ioctl.ReadXattrTotals{Count: 1}, map[int]uint64{24: pageStart + 1020}, syscall.EINVAL},
		"inodes at an odd address":     {ioctl.GetAllocatedInos{Count: 1}, map[int]uint64{8: pageStart + 1020}, syscall.EINVAL},
		"no room for a total":          {ioctl.ReadXattrTotals{}, map[int]uint64{24: pageStart + 1024, 32: 39}, syscall.EINVAL},
		"room for one total":           {ioctl.ReadXattrTotals{}, map[int]uint64{24: pageStart + 1024, 32: 79}, 0},
		"no room for an inode":         {ioctl.GetAllocatedInos{}, map[int]uint64{8: pageStart + 1024, 16: 7}, syscall.EINVAL},
		"data of negative length":      {ioctl.Stage{}, map[int]uint64{24: 1<<32 - 1}, syscall.EINVAL},
		"a name of 256 bytes":          {ioctl.SearchXattrs{LastIno: 1, Count: 1}, map[int]uint64{16: pageStart, 48: 256}, syscall.EINVAL},
		"results of any number, a lot": {ioctl.GetQuotaRules{}, map[int]uint64{24: 1<<64 - 1}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServing(t, "one", os.O_RDWR, all...)
			if _, err := s.call(row.q, row.pointers); ioctl.Errno(err) != row.want {
				t.Errorf("%v, expected %v", err, row.want)
			}
		})
	}
	t.Run("argument", func(t *testing.T) {
		t.Parallel()
		s := newServing(t, "one", os.O_RDWR, all...)
		for info := range ioctl.Requests() {
			_, err := ioctl.Server{Volume: s.v, File: s.task.file}.Serve(t.Context(), s.task, info.Number, outside)
			if ioctl.Errno(err) != syscall.EFAULT {
				t.Errorf("%s: %v", info.Name, err)
			}
		}
	})
}

func TestMoveBlocksLooksForItsSourceInOrder(t *testing.T) {
	t.Parallel()
	v := newFakeVolume()
	fillTree(t, v)
	to := mustOpen(t, v, "one", os.O_RDWR)
	for name, row := range map[string]struct {
		q    ioctl.MoveBlocks
		want syscall.Errno
	}{
		"nothing to move":      {ioctl.MoveBlocks{FromOffset: 1<<64 - 1, FromFD: 99}, 0},
		"source wraps":         {ioctl.MoveBlocks{FromOffset: 1<<64 - 4096, Length: 4097, FromFD: 99}, syscall.EOVERFLOW},
		"destination wraps":    {ioctl.MoveBlocks{ToOffset: 1<<64 - 4096, Length: 4097, FromFD: 99}, syscall.EOVERFLOW},
		"ends at the very end": {ioctl.MoveBlocks{ToOffset: 1<<64 - 4096, Length: 4096, FromFD: 99}, syscall.EBADF},
		"no such descriptor":   {ioctl.MoveBlocks{Length: 4096, FromFD: 99}, syscall.EBADF},
		"the file itself":      {ioctl.MoveBlocks{Length: 4096, FromFD: 3}, syscall.EINVAL},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := ioctl.Server{Volume: v, File: to, From: func(_ context.Context, fd uint64) (ioctl.File, error) {
				if fd == 3 {
					return to, nil
				}
				return nil, errors.New("closed")
			}}
			if _, err := server.Do(t.Context(), row.q.Encode()); ioctl.Errno(err) != row.want {
				t.Errorf("%v, expected %v", err, row.want)
			}
		})
	}
}

func TestServerRefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	s := newServing(t, "one", os.O_RDWR)
	volume := ioctl.Server{Volume: s.v}
	if _, err := volume.Do(t.Context(), ioctl.StatMore{}.Encode()); ioctl.Errno(err) != syscall.ENOTTY {
		t.Errorf("a request about a file without one: %v", err)
	}
	if _, err := volume.Do(t.Context(), ioctl.Call{Number: 0x4028e81a, Arg: make([]byte, 40)}); ioctl.Errno(err) != syscall.ENOTTY {
		t.Errorf("an unknown request: %v", err)
	}
	if _, err := volume.Serve(t.Context(), s.task, 0x5401, pageStart); ioctl.Errno(err) != syscall.ENOTTY {
		t.Errorf("a request of another kind: %v", err)
	}
	for info := range ioctl.Requests() {
		short := ioctl.Call{Number: info.Number, Arg: make([]byte, info.Number.Size()-1)}
		if _, err := (ioctl.Server{Volume: s.v, File: s.task.file}).Do(t.Context(), short); ioctl.Errno(err) != syscall.EINVAL {
			t.Errorf("%s with a short argument: %v", info.Name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := volume.Do(ctx, ioctl.StatfsMore{}.Encode()); ioctl.Errno(err) != syscall.EINTR {
		t.Errorf("a request that was given up: %v", err)
	}
}

func TestServerNeverAnswersMoreThanWasAskedFor(t *testing.T) {
	t.Parallel()
	entries := make([]ioctl.InodeEntry, 5)
	r, err := ioctl.WalkInodes{Count: 3}.EncodeReply(ioctl.Call{}, entries)
	if r.Return != 3 || len(r.Out) != 3*24 || err != nil {
		t.Errorf("returns %d in %d bytes, %v", r.Return, len(r.Out), err)
	}
	// What cannot be cut without losing something is an error.
	for name, err := range map[string]error{
		"entries": second(ioctl.AllocDetail{Count: 1}.EncodeReply(ioctl.Call{}, make([]ioctl.AllocDetailEntry, 2))),
		"rules": func() error {
			q := ioctl.GetQuotaRules{Count: 1}
			return second(q.EncodeReply(q.Encode(), ioctl.GetQuotaRulesResult{Rules: make([]ioctl.QuotaRule, 2)}))
		}(),
		"hidden names": func() error {
			q := ioctl.ListxattrHidden{Bytes: 2}
			return second(q.EncodeReply(q.Encode(), ioctl.ListxattrHiddenResult{Names: []string{"ab"}}))
		}(),
		"path":       second(ioctl.InoPath{Bytes: 26}.EncodeReply(ioctl.Call{}, ioctl.InoPathResult{Path: "ab"})),
		"first name": second(ioctl.GetReferringEntries{Bytes: 31}.EncodeReply(ioctl.Call{}, []ioctl.ReferringEntry{{Name: "ab"}})),
		"long name":  second(ioctl.GetReferringEntries{Bytes: 4096}.EncodeReply(ioctl.Call{}, []ioctl.ReferringEntry{{Name: string(make([]byte, 256))}})),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func second(_ ioctl.Reply, err error) error { return err }
