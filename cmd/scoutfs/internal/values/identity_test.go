// SPDX-License-Identifier: GPL-2.0-or-later

package values_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"scoutfs/cmd/scoutfs/internal/values"
)

func TestParseFSID(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]uint64{
		"1":                  1,
		"a62a1005dc4f15b2":   0xa62a1005dc4f15b2,
		"0xA62A1005DC4F15B2": 0xa62a1005dc4f15b2,
		"00000000000000ff":   0xff,
		"ffffffffffffffff":   1<<64 - 1,
	} {
		if got, err := values.ParseFSID(text); err != nil || got != want {
			t.Errorf("%q: %x, error %v", text, got, err)
		}
	}
	for _, text := range []string{"", "0", "0x", "0x0", "00000000000000001", "10000000000000000", "-1", "+1", "1_0", "g", " 1", "0x0x1"} {
		if got, err := values.ParseFSID(text); err == nil {
			t.Errorf("%q was read as %x", text, got)
		}
	}
}

func TestParseTime(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Time{
		"0":                              time.Unix(0, 0),
		"-5":                             time.Unix(-5, 0),
		"1700000000":                     time.Unix(1700000000, 0),
		"1700000000.5":                   time.Unix(1700000000, 5),
		"1700000000.123456000":           time.Unix(1700000000, 123456000),
		"2023-11-14T22:13:20Z":           time.Unix(1700000000, 0),
		"2023-11-14T23:13:20.123+01:00":  time.Unix(1700000000, 123000000),
		"2023-11-14T22:13:20.000000001Z": time.Unix(1700000000, 1),
	} {
		if got, err := values.ParseTime(text); err != nil || !got.Equal(want) {
			t.Errorf("%q: %v, error %v", text, got, err)
		}
	}
	for _, text := range []string{"", "now", "1.1000000000", "2023-11-14", "2023-11-14T22:13:20", "1e9", "1."} {
		if got, err := values.ParseTime(text); err == nil {
			t.Errorf("%q was read as %v", text, got)
		}
	}
}

// What an option shows as its default can be given to it again.
func TestIdentityOptionsShowWhatTheyRead(t *testing.T) {
	t.Parallel()
	var (
		fsid    uint64
		id      uuid.UUID
		created time.Time
	)
	type option interface {
		Set(string) error
		String() string
	}
	for _, test := range []struct {
		option     option
		text, want string
	}{
		{values.FSID(&fsid), "ff", "00000000000000ff"},
		{values.UUID(&id), "{CC4036D2-8741-4C30-9B04-AA7CD22213DB}", "cc4036d2-8741-4c30-9b04-aa7cd22213db"},
		{values.Time(&created), "1.5", "1970-01-01T00:00:01.000000005Z"},
	} {
		if got := test.option.String(); got != "" {
			t.Errorf("%T: unset is %q", test.option, got)
		}
		if err := test.option.Set("wrong"); err == nil || test.option.String() != "" {
			t.Errorf("%T: wrong text gives %v and is %q", test.option, err, test.option)
		}
		if err := test.option.Set(test.text); err != nil {
			t.Fatal(err)
		}
		if got := test.option.String(); got != test.want {
			t.Errorf("%T: %q, want %q", test.option, got, test.want)
		}
		if err := test.option.Set(test.want); err != nil || test.option.String() != test.want {
			t.Errorf("%T: reading %q again: %v, %q", test.option, test.want, err, test.option)
		}
	}
	if fsid != 0xff || id.String() != "cc4036d2-8741-4c30-9b04-aa7cd22213db" || !created.Equal(time.Unix(1, 5)) {
		t.Errorf("variables hold %x %s %v", fsid, id, created)
	}
}

func FuzzIdentity(f *testing.F) {
	f.Add("a62a1005dc4f15b2")
	f.Add("2023-11-14T22:13:20.5Z")
	f.Add("1700000000.123")
	f.Fuzz(func(t *testing.T, text string) {
		if id, err := values.ParseFSID(text); err == nil {
			v := values.FSIDValue(id)
			if again, err := values.ParseFSID(v.String()); err != nil || again != id {
				t.Errorf("fsid %q: %x, then %x, error %v", text, id, again, err)
			}
		}
		if moment, err := values.ParseTime(text); err == nil && moment.Year() > 0 && moment.Year() < 10000 {
			v := values.TimeValue(moment)
			if again, err := values.ParseTime(v.String()); !moment.IsZero() && (err != nil || !again.Equal(moment)) {
				t.Errorf("time %q: %v, then %v, error %v", text, moment, again, err)
			}
		}
	})
}
