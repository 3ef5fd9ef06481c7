// SPDX-License-Identifier: GPL-2.0-or-later

package values_test

import (
	"testing"
	"time"

	"scoutfs/cmd/scoutfs/internal/values"
)

func TestTimespecIsSecondsAndNanoseconds(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		want string // as the option shows it
		err  string
	}{
		{"1.5", "1.000000005", ""},
		{"1.500000000", "1.500000000", ""},
		{"0.0", "0.000000000", ""},
		{"1700000000.999999999", "1700000000.999999999", ""},
		{"9223372036854775807.1", "9223372036854775807.000000001", ""},
		{"1", "", "invalid timespec string: '1'"},
		{"1.", "", "invalid timespec string: '1.'"},
		{".5", "", "invalid timespec string: '.5'"},
		{"", "", "invalid timespec string: ''"},
		{"-1.5", "", "invalid timespec string: '-1.5'"},
		{"1.-5", "", "invalid timespec string: '1.-5'"},
		{"1.5x", "", "invalid timespec string: '1.5x'"},
		{"1.5.6", "", "invalid timespec string: '1.5.6'"},
		{"9223372036854775808.1", "", "invalid timespec string: '9223372036854775808.1'"},
		{"1.1000000000", "", "invalid timespec nsec value: '1.1000000000'"},
		{"1.4294967297", "", "invalid timespec nsec value: '1.4294967297'"},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			t.Parallel()
			var at time.Time
			option, message := values.Timespec(&at), ""
			if err := option.Set(test.text); err != nil {
				message = err.Error()
			}
			if option.String() != test.want || message != test.err {
				t.Errorf("got %s and error %q, want %s and %q", option, message, test.want, test.err)
			}
		})
	}
}
