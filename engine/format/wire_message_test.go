// SPDX-License-Identifier: GPL-2.0-or-later

package format_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"scoutfs/engine/format"
)

// commandRows is the table of docs/format.md 13.4, typed in.
var commandRows = []struct {
	cmd               format.NetCommand
	nr                uint8
	name              string
	from              string // C, S or both
	request, response int
	most              int // bytes of the longest response
	commit            bool
	wrongLength       string
}{
	{format.CmdGreeting, 0, "GREETING", "C", 40, 40, 40, true, "EINVAL"},
	{format.CmdAllocInodes, 1, "ALLOC_INODES", "C", 8, 16, 16, true, "EINVAL"},
	{format.CmdGetLogTrees, 2, "GET_LOG_TREES", "C", 0, 472, 472, true, "EINVAL"},
	{format.CmdCommitLogTrees, 3, "COMMIT_LOG_TREES", "C", 472, 0, 0, true, "EINVAL"},
	{format.CmdSyncLogTrees, 4, "SYNC_LOG_TREES", "S", 0, 0, 0, false, "close"},
	{format.CmdGetRoots, 5, "GET_ROOTS", "C", 0, 72, 72, false, "EINVAL"},
	{format.CmdGetLastSeq, 6, "GET_LAST_SEQ", "C", 0, 8, 8, false, "EINVAL"},
	{format.CmdLock, 7, "LOCK", "C S", 48, 48, 48, false, "close"},
	{format.CmdLockRecover, 8, "LOCK_RECOVER", "S", 32, 8, 1064, false, "close"},
	{format.CmdSrchGetCompact, 9, "SRCH_GET_COMPACT", "C", 0, 584, 584, true, "EINVAL"},
	{format.CmdSrchCommitCompact, 10, "SRCH_COMMIT_COMPACT", "C", 584, 0, 0, true, "EINVAL"},
	{format.CmdGetLogMerge, 11, "GET_LOG_MERGE", "C", 0, 208, 208, true, "close"},
	{format.CmdCommitLogMerge, 12, "COMMIT_LOG_MERGE", "C", 208, 0, 0, true, "close"},
	{format.CmdOpenInoMap, 13, "OPEN_INO_MAP", "C S", 16, 144, 144, false, "EINVAL"},
	{format.CmdGetVolopt, 14, "GET_VOLOPT", "C", 0, 520, 520, false, "EINVAL"},
	{format.CmdSetVolopt, 15, "SET_VOLOPT", "C", 520, 0, 0, true, "EINVAL"},
	{format.CmdClearVolopt, 16, "CLEAR_VOLOPT", "C", 520, 0, 0, true, "EINVAL"},
	{format.CmdResizeDevices, 17, "RESIZE_DEVICES", "C", 16, 0, 0, true, "EINVAL"},
	{format.CmdStatfs, 18, "STATFS", "C", 0, 56, 56, false, "EINVAL"},
	{format.CmdFarewell, 19, "FAREWELL", "C", 0, 0, 0, true, "close"},
}

func TestNetCommandsAreAsDocumented(t *testing.T) {
	t.Parallel()
	if len(commandRows) != int(format.NetCommands) {
		t.Errorf("%d commands are documented, %d exist", len(commandRows), format.NetCommands)
	}
	for _, row := range commandRows {
		info := row.cmd.Info()
		if uint8(row.cmd) != row.nr || row.cmd.String() != row.name {
			t.Errorf("command %d is %s, want %d %s", row.cmd, row.cmd, row.nr, row.name)
		}
		if info.ToServer != strings.Contains(row.from, "C") || info.ToClient != strings.Contains(row.from, "S") {
			t.Errorf("%s: to the server %t, to clients %t", row.name, info.ToServer, info.ToClient)
		}
		if info.Request != row.request || info.MinResponse != row.response || info.MaxResponse != row.most {
			t.Errorf("%s: %d bytes, answered by %d to %d", row.name, info.Request, info.MinResponse, info.MaxResponse)
		}
		if info.AfterCommit != row.commit || info.EINVAL != (row.wrongLength == "EINVAL") {
			t.Errorf("%s: after a commit %t, EINVAL %t", row.name, info.AfterCommit, info.EINVAL)
		}
		if max(info.Request, info.MaxResponse) > format.MaxNetData {
			t.Errorf("%s does not fit a message", row.name)
		}
	}
	if info := format.NetCommands.Info(); info != nil {
		t.Errorf("command 20 is %s", info.Name)
	}
	if got := format.NetCommand(20).String(); got != "command 20" {
		t.Errorf("command 20 is %s", got)
	}
}

// The structures that commands carry have the lengths of the table.
func TestNetCommandsHaveTheLengthsOfTheirStructures(t *testing.T) {
	t.Parallel()
	for cmd, sizes := range map[format.NetCommand][2]int{
		format.CmdGreeting:          {format.Size[format.NetGreeting](), format.Size[format.NetGreeting]()},
		format.CmdAllocInodes:       {format.Size[format.NetAllocInodes](), format.Size[format.NetInodeAlloc]()},
		format.CmdGetLogTrees:       {0, format.Size[format.LogTrees]()},
		format.CmdCommitLogTrees:    {format.Size[format.LogTrees](), 0},
		format.CmdGetRoots:          {0, format.Size[format.NetRoots]()},
		format.CmdGetLastSeq:        {0, format.Size[format.NetLastSeq]()},
		format.CmdLock:              {format.Size[format.NetLock](), format.Size[format.NetLock]()},
		format.CmdLockRecover:       {format.Size[format.DiskKey](), format.Size[format.NetLockRecover]()},
		format.CmdSrchGetCompact:    {0, format.Size[format.SrchCompact]()},
		format.CmdSrchCommitCompact: {format.Size[format.SrchCompact](), 0},
		format.CmdGetLogMerge:       {0, format.Size[format.LogMergeRequest]()},
		format.CmdCommitLogMerge:    {format.Size[format.LogMergeComplete](), 0},
		format.CmdOpenInoMap:        {format.Size[format.OpenInoMapArgs](), format.Size[format.OpenInoMap]()},
		format.CmdGetVolopt:         {0, format.Size[format.VolumeOptions]()},
		format.CmdSetVolopt:         {format.Size[format.VolumeOptions](), 0},
		format.CmdClearVolopt:       {format.Size[format.VolumeOptions](), 0},
		format.CmdResizeDevices:     {format.Size[format.NetResizeDevices](), 0},
		format.CmdStatfs:            {0, format.Size[format.NetStatfs]()},
	} {
		if info := cmd.Info(); info.Request != sizes[0] || info.MaxResponse != sizes[1] {
			t.Errorf("%s has %d and %d bytes, its structures %d", cmd, info.Request, info.MaxResponse, sizes)
		}
	}
}

func netHeader(cmd format.NetCommand, change func(*format.NetHeader)) *format.NetHeader {
	h := &format.NetHeader{Cmd: cmd}
	h.Seq.Set(1)
	h.ID.Set(1)
	if change != nil {
		change(h)
	}
	return h
}

func TestNetHeaderCheck(t *testing.T) {
	t.Parallel()
	const client, server = format.NetClient, format.NetServer
	response := func(h *format.NetHeader) { h.Flags = format.NetFlagResponse }
	for _, test := range []struct {
		name string
		h    *format.NetHeader
		to   format.NetSide
		want string
	}{
		{"request", netHeader(format.CmdStatfs, nil), server, ""},
		{"response", netHeader(format.CmdStatfs, response), client, ""},
		{"greatest numbers", netHeader(format.CmdFarewell, func(h *format.NetHeader) {
			h.Seq.Set(1<<64 - 1)
			h.RecvSeq.Set(1<<64 - 1)
			h.ID.Set(1<<64 - 1)
			h.DataLen.Set(1100)
			h.Flags, h.Error = 1, 6
			h.Pad = [3]byte{1, 2, 3}
		}), client, ""},
		{"greeting", netHeader(format.CmdGreeting, nil), server, ""},
		{"greeting's response", netHeader(format.CmdGreeting, response), client, ""},
		{"seq", netHeader(format.CmdStatfs, func(h *format.NetHeader) { h.Seq.Set(0) }), server, "seq is 0, expected at least 1"},
		{"id", netHeader(format.CmdStatfs, func(h *format.NetHeader) { h.ID.Set(0) }), server, "id is 0, expected at least 1"},
		{"cmd", netHeader(20, nil), server, "cmd is 20, expected at most 19"},
		{"greatest cmd", netHeader(255, nil), client, "cmd is 255, expected at most 19"},
		{"flags", netHeader(format.CmdStatfs, func(h *format.NetHeader) { h.Flags = 2 }), server, "flags is 0x2, expected 0 or 1"},
		{"error", netHeader(format.CmdStatfs, func(h *format.NetHeader) { h.Flags, h.Error = 1, 7 }), client, "error is 7, expected at most 6"},
		{"data_len", netHeader(format.CmdStatfs, func(h *format.NetHeader) { h.DataLen.Set(1101) }), server, "data_len is 1101, expected at most 1100"},
		{"error in a request", netHeader(format.CmdStatfs, func(h *format.NetHeader) { h.Error = 1 }), server, "error is 1, expected 0 in a request"},
		{"greeting to a client", netHeader(format.CmdGreeting, nil), client, "cmd is GREETING request, expected a message for a client"},
		{"greeting's response to a server", netHeader(format.CmdGreeting, response), server, "cmd is GREETING response, expected a message for a server"},
		{"recovery of a server", netHeader(format.CmdLockRecover, nil), server, "cmd is LOCK_RECOVER request, expected a message for a server"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			err := test.h.Check(test.to)
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || err.Error() != "invalid net header: "+test.want {
				t.Errorf("error %v, want %s", err, test.want)
			}
			if !errors.Is(err, syscall.EPROTO) || errors.Is(err, syscall.EIO) {
				t.Errorf("error %v is the wrong errno", err)
			}
		})
	}
}

func TestNetMessagesGoOneWay(t *testing.T) {
	t.Parallel()
	for _, row := range commandRows {
		for _, side := range []format.NetSide{format.NetClient, format.NetServer} {
			for _, flags := range []byte{0, format.NetFlagResponse} {
				// A server gets requests of clients and responses to its own.
				from := "S"
				if (side == format.NetServer) == (flags == 0) {
					from = "C"
				}
				h := netHeader(row.cmd, func(h *format.NetHeader) { h.Flags = flags })
				if err := h.Check(side); (err == nil) != strings.Contains(row.from, from) {
					t.Errorf("%s with flags %d to a %s: %v", row.name, flags, side, err)
				}
			}
		}
	}
}

func TestNetPayloadLengths(t *testing.T) {
	t.Parallel()
	check := func(cmd format.NetCommand, flags, wireErr byte, n int) error {
		return netHeader(cmd, func(h *format.NetHeader) {
			h.Flags, h.Error = flags, wireErr
			h.DataLen.Set(uint16(n))
		}).CheckPayload(n)
	}
	for _, row := range commandRows {
		for n := range format.MaxNetData + 1 {
			if err := check(row.cmd, 0, 0, n); (err == nil) != (n == row.request) {
				t.Errorf("%s request of %d bytes: %v", row.name, n, err)
			}
			if err := check(row.cmd, 1, 0, n); (err == nil) != (n >= row.response && n <= row.most) {
				t.Errorf("%s response of %d bytes: %v", row.name, n, err)
			}
		}
		if err := check(row.cmd, 1, 3, 0); err != nil {
			t.Errorf("%s response with an error: %v", row.name, err)
		}
	}
	for _, test := range []struct {
		err  error
		want string
	}{
		{check(format.CmdLock, 0, 0, 47), "invalid LOCK request: payload is 47 bytes, expected 48 bytes"},
		{check(format.CmdLockRecover, 1, 0, 7), "invalid LOCK_RECOVER response: payload is 7 bytes, expected 8 to 1064 bytes"},
		{check(20, 0, 0, 1), "invalid command 20 request: payload is 1 bytes, expected 0 bytes"},
		{netHeader(format.CmdFarewell, nil).CheckPayload(1), "invalid FAREWELL request: payload is 1 bytes, expected data_len 0"},
	} {
		if test.err == nil || test.err.Error() != test.want {
			t.Errorf("error %v, want %s", test.err, test.want)
		}
	}
}

func TestWireErrors(t *testing.T) {
	t.Parallel()
	for n, want := range []error{nil, syscall.ENOENT, syscall.ENOMEM, syscall.EIO, syscall.ENOSPC, syscall.EINVAL, syscall.ENOLINK} {
		if got := format.NetErrno(uint8(n)); got != want {
			t.Errorf("wire error %d is %v, want %v", n, got, want)
		}
		if got := format.NetErrorOf(want); int(got) != n {
			t.Errorf("%v is wire error %d, want %d", want, got, n)
		}
		if want == nil {
			continue
		}
		if got := format.NetErrorOf(fmt.Errorf("reading: %w", want)); int(got) != n {
			t.Errorf("wrapped %v is wire error %d, want %d", want, got, n)
		}
	}
	for _, n := range []uint8{7, 255} {
		if got := format.NetErrno(n); !errors.Is(got, syscall.EINVAL) {
			t.Errorf("wire error %d is %v", n, got)
		}
	}
	for err, want := range map[error]uint8{
		syscall.EPERM:                      5,
		errors.New("no errno"):             5,
		os.ErrNotExist:                     5, // not an errno
		&format.CorruptError{}:             3,
		&format.WireError{}:                5,
		syscall.Errno(1 << 20):             5,
		&os.PathError{Err: syscall.ENOSPC}: 4,
	} {
		if got := format.NetErrorOf(err); got != want {
			t.Errorf("%v is wire error %d, want %d", err, got, want)
		}
	}
}
