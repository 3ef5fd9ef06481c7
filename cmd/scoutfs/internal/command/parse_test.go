// SPDX-License-Identifier: GPL-2.0-or-later

package command_test

import (
	"encoding/json"
	"strings"
	"testing"

	"scoutfs/cmd/scoutfs/internal/command"
	"scoutfs/engine/ioctl"
	"scoutfs/stage"
)

func TestQuotaRulesAreReadAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	want := ioctl.QuotaRule{
		Prio:  7,
		Names: [3]ioctl.QuotaName{{Value: 13}, {Value: 18446744073709551615, Source: 1, Flags: 1}, {Value: 0, Source: 3}},
		Op:    1, Limit: 1 << 40, Flags: 1,
	}
	for _, text := range []string{
		command.QuotaText(want),
		"7 13,L,- 18446744073709551615,P,S 0,G,- D 1099511627776 C",
		" \t007 13 , L , -18446744073709551615,P,S 0,G,-D 1099511627776C\n",
	} {
		if got, err := command.ParseQuotaRule(text); err != nil || got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

func FuzzQuotaRule(f *testing.F) {
	f.Add("  7 13,L,- 15,P,S 17,U,- I 33 C")
	f.Add("255 0,G,- 0,L,S 18446744073709551616,L,- D 0 -")
	f.Fuzz(func(t *testing.T, text string) {
		rule, err := command.ParseQuotaRule(text)
		if err != nil {
			return
		}
		if again, err := command.ParseQuotaRule(command.QuotaText(rule)); err != nil || again != rule {
			t.Errorf("%q: %+v, then %+v, %v", text, rule, again, err)
		}
	})
}

func TestArchiveRecords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]stage.File{
		`{"path":"a","ino":5,"kind":"file","data_version":3,"size":10}`: {Path: "a", DataVersion: 3},
		`{"type":"change","path":"a"}`:                                  {Path: "a"},
		`{"path":{"base64":"/wA="},"offset":4096,"length":8192,"archive":"x/y","archive_offset":7}`: {
			Path: "\xff\x00", Offset: 4096, Length: 8192, Source: "x/y", SourceOffset: 7,
		},
		` `:                             {},
		`{"path":"a","kind":"symlink"}`: {},
		`{"type":"end","records":5}`:    {},
		`{"type":"gone","ino":5}`:       {},
	} {
		got, ok, err := command.ReadArchiveRecord([]byte(text))
		if err != nil || ok != (want.Path != "") || ok && got != want {
			t.Errorf("%s: %+v, %v, %v", text, got, ok, err)
		}
	}
	got, ok, err := command.ReadArchiveRecord([]byte(`{"path":"a","checksum":"md5:d41d8cd98f00b204e9800998ecf8427e"}`))
	if err != nil || !ok || got.Checksum == nil || got.Checksum.String() != "md5:d41d8cd98f00b204e9800998ecf8427e" {
		t.Errorf("%+v, %v, %v", got, ok, err)
	}
	for _, text := range []string{`x`, `{`, `{}`, `[]`, `{"path":5}`, `{"path":{"base64":"!"}}`, `{"path":"a","data_version":-1}`, `{"path":"a","checksum":"md5:1"}`} {
		if got, ok, err := command.ReadArchiveRecord([]byte(text)); err == nil {
			t.Errorf("%s: %+v, %v", text, got, ok)
		}
	}
}

func FuzzArchiveRecord(f *testing.F) {
	f.Add([]byte(`{"path":"a","kind":"file","data_version":3,"checksum":"md5:d41d8cd98f00b204e9800998ecf8427e"}`))
	f.Add([]byte(`{"path":{"base64":"/wA="},"archive_offset":18446744073709551615}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		file, ok, err := command.ReadArchiveRecord(text)
		if ok && (err != nil || file.Path == "" || !json.Valid(text)) {
			t.Errorf("%s: %+v, %v", text, file, err)
		}
	})
}

func TestXattrValues(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "plain": "plain", "0x00fF": "\x00\xff", "0X": "", "0sAP8=": "\x00\xff", `"quoted \"text\" \\"`: `quoted "text" \`, `"`: `"`, "0": "0",
	} {
		if got, err := command.ParseXattrValue(text); err != nil || string(got) != want {
			t.Errorf("%q: %q, %v, want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"0x0", "0xzz", "0s!", "0sA"} {
		if got, err := command.ParseXattrValue(text); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}
