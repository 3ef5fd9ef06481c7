// SPDX-License-Identifier: GPL-2.0-or-later

package format_test

import (
	"errors"
	"net/netip"
	"testing"

	"scoutfs/engine/format"
)

func addrs(at map[int]string) format.QuorumAddrs {
	var a format.QuorumAddrs
	for slot, text := range at {
		a[slot] = netip.MustParseAddrPort(text)
	}
	return a
}

func TestQuorumAddrsSurviveTheSuper(t *testing.T) {
	t.Parallel()
	want := addrs(map[int]string{0: "127.0.0.1:10000", 14: "255.1.2.3:65535"})
	var conf format.QuorumConfig
	conf.Version.Set(7)
	conf.Slots[3].Spare[0] = 1 // of a slot that is about to be removed
	conf.SetAddrs(want)
	if got := conf.Addrs(); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if conf.Version.Get() != 7 {
		t.Error("the version was changed")
	}
	if conf.Slots[3] != (format.InetAddr{}) {
		t.Error("a slot without an address is not zero")
	}
	if want.Configured() != 2 {
		t.Errorf("%d configured", want.Configured())
	}
}

func TestQuorumAddrsCheck(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name      string
		addrs     map[int]string
		check     string // error of Check
		mountable string // error of CheckMountable
	}{
		{"one", map[int]string{14: "10.0.0.1:1"}, "", ""},
		{"same address, other port", map[int]string{0: "10.0.0.1:1", 1: "10.0.0.1:2"}, "", ""},
		{"loopback and reserved", map[int]string{0: "127.0.0.1:1", 1: "240.0.0.1:65534"}, "", ""},
		{"none", nil, "no quorum slot is configured", ""},
		{
			"every pair of equals",
			map[int]string{0: "1.2.3.4:5", 2: "1.2.3.4:5", 9: "1.2.3.4:5"},
			"quorum slot nr 0 and 2 have the same address 1.2.3.4:5\n" +
				"quorum slot nr 0 and 9 have the same address 1.2.3.4:5\n" +
				"quorum slot nr 2 and 9 have the same address 1.2.3.4:5", "",
		},
		{"IPv6", map[int]string{1: "[::1]:5"}, "quorum slot nr 1 has the address [::1]:5: only IPv4 can be stored", ""},
		{"port 0", map[int]string{1: "1.2.3.4:0"}, "quorum slot nr 1 has the address 1.2.3.4:0: port 0 can not be bound", ""},
		{
			"last port",
			map[int]string{1: "1.2.3.4:65535"},
			"",
			"quorum slot nr 1 has the address 1.2.3.4:65535, with which no mount will start",
		},
		{
			"multicast",
			map[int]string{1: "224.0.0.1:5"},
			"",
			"quorum slot nr 1 has the address 224.0.0.1:5, with which no mount will start",
		},
		{
			"network 0",
			map[int]string{1: "0.0.0.1:5"},
			"",
			"quorum slot nr 1 has the address 0.0.0.1:5, with which no mount will start",
		},
		{
			"broadcast",
			map[int]string{1: "255.255.255.255:5"},
			"quorum slot nr 1 has the address 255.255.255.255:5: not an address of a host",
			"quorum slot nr 1 has the address 255.255.255.255:5, with which no mount will start",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := addrs(test.addrs)
			for what, got := range map[string]struct {
				err  error
				want string
			}{"Check": {a.Check(), test.check}, "CheckMountable": {a.CheckMountable(), test.mountable}} {
				text := ""
				if got.err != nil {
					text = got.err.Error()
					if slot := new(format.QuorumAddrError); !errors.As(got.err, &slot) {
						t.Errorf("%s: error %T does not tell the slot", what, got.err)
					}
				}
				if text != got.want {
					t.Errorf("%s: %q, want %q", what, text, got.want)
				}
			}
		})
	}
}
