// SPDX-License-Identifier: GPL-2.0-or-later

package values_test

import (
	"errors"
	"strings"
	"testing"

	"scoutfs/cmd/scoutfs/internal/values"
	"scoutfs/engine/format"
)

func TestParseQuorumSlot(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		want string // NR ADDR:PORT, or the error up to the quoted slot
	}{
		{"0,127.0.0.1,42000", "0 127.0.0.1:42000"},
		{"14,255.1.2.3,65535", "14 255.1.2.3:65535"},
		{"01,1.2.3.4,005", "1 1.2.3.4:5"},
		{" 1,1.2.3.4, 5", "1 1.2.3.4:5"},
		{"+1,1.2.3.4,+5", "1 1.2.3.4:5"},

		// Forms of inet_aton(3).
		{"1,10.1,5", "1 10.0.0.1:5"},
		{"1,1.2.3,5", "1 1.2.0.3:5"},
		{"1,1.2.65535,5", "1 1.2.255.255:5"},
		{"1,16909060,5", "1 1.2.3.4:5"},
		{"1,0x7f.1,5", "1 127.0.0.1:5"},
		{"1,0377.1,5", "1 255.0.0.1:5"},
		{"1,1.2.3.4 foo,5", "1 1.2.3.4:5"},
		{"1,a,5", "invalid ipv4 address 'a'"},
		{"1,,5", "failed to parse all three NR,ADDR,PORT tokens"},
		{"1, 1.2.3.4,5", "invalid ipv4 address ' 1.2.3.4'"},
		{"1,1.2.3.256,5", "invalid ipv4 address '1.2.3.256'"},
		{"1,256.1,5", "invalid ipv4 address '256.1'"},
		{"1,1.2.3.4.,5", "invalid ipv4 address '1.2.3.4.'"},
		{"1,1.2.3.4.5,5", "invalid ipv4 address '1.2.3.4.5'"},
		{"1,1..2,5", "invalid ipv4 address '1..2'"},
		{"1,-1,5", "invalid ipv4 address '-1'"},
		{"1,08.1.1.1,5", "invalid ipv4 address '08.1.1.1'"},
		{"1,0x.1,5", "invalid ipv4 address '0x.1'"},
		{"1,4294967296,5", "invalid ipv4 address '4294967296'"},
		{"1,fe80::1,5", "invalid ipv4 address 'fe80::1'"},
		{"1,0.0.0.0,5", "invalid ipv4 address '0.0.0.0'"},
		{"1,255.255.255.255,5", "invalid ipv4 address '255.255.255.255'"},

		{"15,1.2.3.4,5", "invalid nr '15'"},
		{"-1,1.2.3.4,5", "invalid nr '-1'"},
		{"4294967296,1.2.3.4,5", "invalid nr '4294967296'"},
		{"99999999999999999999,1.2.3.4,5", "invalid nr '99999999999999999999'"},
		{"1,1.2.3.4,0", "invalid ipv4 port '0'"},
		{"1,1.2.3.4,65536", "invalid ipv4 port '65536'"},
		{"1,1.2.3.4,4294967297", "invalid ipv4 port '4294967297'"},
		{"1,1.2.3.4,-5", "invalid ipv4 port '-5'"},

		{"1,1.2.3.4,5x", "extra unparsed trailing characters"},
		{"1,1.2.3.4,5,", "extra unparsed trailing characters"},
		{"1,1.2.3.4,0x5", "extra unparsed trailing characters"},
		{"", "failed to parse all three NR,ADDR,PORT tokens"},
		{"1", "failed to parse all three NR,ADDR,PORT tokens"},
		{"1,1.2.3.4", "failed to parse all three NR,ADDR,PORT tokens"},
		{"1,1.2.3.4,", "failed to parse all three NR,ADDR,PORT tokens"},
		{"1,1.2.3.4,x", "failed to parse all three NR,ADDR,PORT tokens"},
		{"x,1.2.3.4,5", "failed to parse all three NR,ADDR,PORT tokens"},
		{"1 ,1.2.3.4,5", "failed to parse all three NR,ADDR,PORT tokens"},
		{"1," + strings.Repeat("1", 46) + ",5", "failed to parse all three NR,ADDR,PORT tokens"},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			t.Parallel()
			var slots format.QuorumAddrs
			err := values.QuorumSlots(&slots).Set(test.text)
			got := ""
			for nr, addr := range slots {
				if addr.IsValid() {
					got = strings.ReplaceAll(values.QuorumSlots(&slots).GetSlice()[0], ",", " ")
					if want := strings.ReplaceAll(test.want, ":", " "); got != want {
						t.Errorf("slot %d: got %s, want %s", nr, got, want)
					}
				}
			}
			if err != nil {
				if want := test.want + " in quorum slot '" + test.text + "'"; !strings.HasPrefix(err.Error(), want) {
					t.Errorf("got error %q, want %q", err, want)
				}
			} else if got == "" {
				t.Error("no slot and no error")
			}
		})
	}
}

func TestQuorumSlotsCollectAndRefuseDuplicates(t *testing.T) {
	t.Parallel()
	var slots format.QuorumAddrs
	option := values.QuorumSlots(&slots)
	for _, text := range []string{"3,10.0.0.3,3", "1,10.0.0.1,1"} {
		if err := option.Set(text); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := option.String(), "1,10.0.0.1,1 3,10.0.0.3,3"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	err := option.Set("3,10.0.0.4,4")
	var duplicate *values.DuplicateSlotError
	if !errors.As(err, &duplicate) || err.Error() != "Quorum slot 3 already specified before slot '3,10.0.0.4,4'" {
		t.Errorf("got %v", err)
	}
	if err := option.Replace([]string{"7,10.0.0.7,7"}); err != nil || option.String() != "7,10.0.0.7,7" {
		t.Errorf("after Replace: %s, %v", option, err)
	}
}

func FuzzQuorumSlot(f *testing.F) {
	f.Add("0,127.0.0.1,42000")
	f.Add("1,0x7f.1, +5")
	f.Fuzz(func(t *testing.T, text string) {
		nr, addr, err := values.ParseQuorumSlot(text)
		if err != nil {
			return
		}
		var slots format.QuorumAddrs
		slots[nr] = addr
		if err := slots.Check(); err != nil {
			t.Errorf("%q gave a slot that cannot be stored: %v", text, err)
		}
		again, same, err := values.ParseQuorumSlot(values.QuorumSlots(&slots).GetSlice()[0])
		if err != nil || again != nr || same != addr {
			t.Errorf("%q: %d %s became %d %s, %v", text, nr, addr, again, same, err)
		}
	})
}
