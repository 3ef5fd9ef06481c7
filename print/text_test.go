// SPDX-License-Identifier: GPL-2.0-or-later

package print

import (
	"math"
	"strconv"
	"testing"
)

func TestNumbersAreWrittenAsStrconvWritesThem(t *testing.T) {
	t.Parallel()
	numbers := []uint64{0, 5, 10, 42, 99, 100, math.MaxUint64}
	for power, n := uint64(1), 0; n < 20; power, n = power*10, n+1 {
		numbers = append(numbers, power-1, power, power+1, power*7+3)
	}
	for shift := range 64 {
		numbers = append(numbers, 1<<shift-1, 1<<shift)
	}
	for _, v := range numbers {
		if got, want := string(text("x").u(v)), "x"+strconv.FormatUint(v, 10); got != want {
			t.Errorf("%d is written as %q", v, got)
		}
		if got, want := digits(v), len(strconv.FormatUint(v, 10)); got != want {
			t.Errorf("%d has %d digits, want %d", v, got, want)
		}
	}
}
