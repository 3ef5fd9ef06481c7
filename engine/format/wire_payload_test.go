// SPDX-License-Identifier: GPL-2.0-or-later

package format_test

import (
	"bytes"
	"errors"
	"strings"
	"syscall"
	"testing"

	"scoutfs/engine/format"
)

func TestQuorumMessagesMatchGoldenValues(t *testing.T) {
	t.Parallel()
	conf := new(format.QuorumConfig)
	conf.Slots[0].Family.Set(format.FamilyIPv4)
	conf.Slots[1].Family.Set(format.FamilyIPv4)
	const fsid = 0x1122334455667788
	for _, test := range []struct {
		typ    format.QuorumMessageType
		from   byte
		golden string
	}{
		{format.QuorumHeartbeat, 1, "8877665544332211 0000000000000000 0500000000000000 0201 0000 23680533"},
		{format.QuorumVote, 0, "8877665544332211 0000000000000000 0500000000000000 0100 0000 647366f4"},
	} {
		m := format.QuorumMessage{Type: test.typ, From: test.from}
		m.FSID.Set(fsid)
		m.Term.Set(5)
		m.Seal()
		golden := unhex(t, test.golden)
		if got := format.Bytes(&m); !bytes.Equal(got, golden) {
			t.Errorf("%s is %x, want %x", test.typ, got, golden)
		}
		for _, datagram := range [][]byte{golden, append(bytes.Clone(golden), 0xff)} {
			got, err := format.ViewQuorumMessage(datagram, fsid, conf)
			if err != nil || *got != m {
				t.Errorf("%x is read as %+v, %v", datagram, got, err)
			}
		}
		for i := range golden {
			damaged := bytes.Clone(golden)
			damaged[i] ^= 1
			if _, err := format.ViewQuorumMessage(damaged, fsid, conf); err == nil || !strings.Contains(err.Error(), "crc") {
				t.Errorf("%s with byte %d changed: error %v", test.typ, i, err)
			}
		}
	}
}

func TestQuorumMessagesAreFiltered(t *testing.T) {
	t.Parallel()
	conf := new(format.QuorumConfig)
	conf.Slots[14].Family.Set(format.FamilyIPv4)
	conf.Slots[2].Family.Set(format.FamilyIPv6)
	message := func(fsid uint64, typ format.QuorumMessageType, from byte) []byte {
		m := format.QuorumMessage{Type: typ, From: from, Pad: [2]byte{1, 2}}
		m.FSID.Set(fsid)
		m.Version.Set(77)
		m.Seal()
		return format.Bytes(&m)
	}
	for _, test := range []struct {
		name     string
		datagram []byte
		want     string
	}{
		{"right", message(1, format.QuorumResignation, 14), ""},
		{"empty", nil, "length is 0, expected at least 32"},
		{"short", message(1, 0, 14)[:31], "length is 31, expected at least 32"},
		{"zeros", make([]byte, 32), "crc is 00000000, expected "},
		{"fsid", message(2, 0, 14), "fsid is 0000000000000002, expected 0000000000000001"},
		{"type", message(1, 4, 14), "type is 4, expected at most 3"},
		{"slot", message(1, 0, 15), "from is 15, expected at most 14"},
		{"greatest slot", message(1, 0, 255), "from is 255, expected at most 14"},
		{"empty slot", message(1, 0, 13), "from is 13, expected a configured slot"},
		{"slot of another family", message(1, 0, 2), "from is 2, expected a configured slot"},
		{"type before slot", message(1, 9, 99), "type is 9"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m, err := format.ViewQuorumMessage(test.datagram, 1, conf)
			if test.want == "" {
				if err != nil || m.Type != format.QuorumResignation || m.From != 14 {
					t.Errorf("message %+v, %v", m, err)
				}
				return
			}
			if err == nil || !strings.HasPrefix(err.Error(), "invalid quorum message: "+test.want) || !errors.Is(err, syscall.EPROTO) {
				t.Errorf("error %v, want %s", err, test.want)
			}
			if m != nil {
				t.Error("a message was returned with the error")
			}
		})
	}
}

func TestNamesOfWireNumbers(t *testing.T) {
	t.Parallel()
	names := ""
	for typ := range format.QuorumMessageTypes + 1 {
		names += typ.String() + ", "
	}
	for mode := range format.LockModes + 1 {
		names += mode.String() + ", "
	}
	names += format.NetClient.String() + ", " + format.NetServer.String()
	if want := "request vote, vote, heartbeat, resignation, type 4, " +
		"NULL, READ, WRITE, WRITE_ONLY, mode 4, client, server"; names != want {
		t.Errorf("got  %s\nwant %s", names, want)
	}
}

func TestNetLockCheck(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		before, after format.LockMode
		want          string
	}{
		{format.LockNull, format.LockWriteOnly, ""},
		{format.LockWrite, format.LockRead, ""},
		{4, 0, "invalid net lock: old_mode is 4, expected at most 3"},
		{0, 255, "invalid net lock: new_mode is 255, expected at most 3"},
		{9, 8, "invalid net lock: old_mode is 9, expected at most 3"},
	} {
		l := format.NetLock{OldMode: test.before, NewMode: test.after, Pad: [6]byte{1}}
		got := ""
		if err := l.Check(); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("modes %d and %d: %q, want %q", test.before, test.after, got, test.want)
		}
	}
}

func recoverResponse(inos ...uint64) *format.NetLockRecover {
	r := new(format.NetLockRecover)
	r.Nr.Set(uint16(len(inos)))
	for i, ino := range inos {
		r.Locks[i].Key.Set(format.InodeKey(ino))
		r.Locks[i].WriteSeq.Set(ino * 10)
		r.Locks[i].OldMode, r.Locks[i].NewMode = format.LockWrite, format.LockWrite
	}
	return r
}

func TestNetLockRecoverSurvivesTheWire(t *testing.T) {
	t.Parallel()
	for nr := range format.MaxNetLockRecover + 1 {
		var inos []uint64
		for i := range nr {
			inos = append(inos, uint64(i+1)*1024)
		}
		payload := recoverResponse(inos...).Payload()
		if len(payload) != 8+48*nr || len(payload) > format.MaxNetData {
			t.Errorf("%d locks have %d bytes", nr, len(payload))
		}
		locks, err := format.ViewNetLockRecover(payload)
		if err != nil || len(locks) != nr {
			t.Errorf("%d locks became %d, %v", nr, len(locks), err)
		}
		for i := range locks {
			if locks[i].Key.Key() != format.InodeKey(inos[i]) || locks[i].WriteSeq.Get() != inos[i]*10 {
				t.Errorf("lock %d is %s", i, locks[i].Key.Key())
			}
		}
	}
	if next := format.MaxNetData - 8 - 48*format.MaxNetLockRecover; next >= 48 {
		t.Errorf("%d bytes are left, one more lock would fit", next)
	}
	r := recoverResponse()
	r.Nr.Set(65535)
	if got := len(r.Payload()); got != 8+48*22 {
		t.Errorf("too many locks have %d bytes", got)
	}
}

func TestViewNetLockRecoverRefusesWrongPayloads(t *testing.T) {
	t.Parallel()
	good := recoverResponse(1, 2).Payload()
	change := func(at int, to byte) []byte {
		b := bytes.Clone(good)
		b[at] = to
		return b
	}
	for _, test := range []struct {
		name    string
		payload []byte
		want    string
	}{
		{"empty", nil, "invalid LOCK_RECOVER response: length is 0, expected at least 8"},
		{"half a head", good[:7], "invalid LOCK_RECOVER response: length is 7, expected at least 8"},
		{"fewer locks", good[:56], "invalid LOCK_RECOVER response: length is 56, expected 104 for 2 locks"},
		{"more locks", change(0, 1), "invalid LOCK_RECOVER response: length is 104, expected 56 for 1 locks"},
		{"too many locks", change(0, 23), "invalid LOCK_RECOVER response: nr is 23, expected at most 22"},
		{"far too many locks", change(1, 255), "invalid LOCK_RECOVER response: nr is 65282, expected at most 22"},
		{"mode", change(56+41, 4), "invalid net lock: new_mode is 4, expected at most 3"},
		{"same key", change(56, 1), "invalid LOCK_RECOVER response: key of lock 1 is 16.1.4.0.0.0, expected more than 16.1.4.0.0.0"},
		{"lesser key", change(56, 0), "invalid LOCK_RECOVER response: key of lock 1 is 16.0.4.0.0.0, expected more than 16.1.4.0.0.0"},
	} {
		locks, err := format.ViewNetLockRecover(test.payload)
		if err == nil || err.Error() != test.want || locks != nil {
			t.Errorf("%s: %d locks, error %v, want %s", test.name, len(locks), err, test.want)
		}
	}
}
