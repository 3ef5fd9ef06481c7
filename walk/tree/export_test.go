// SPDX-License-Identifier: GPL-2.0-or-later

package tree

import (
	"os"

	"scoutfs/engine/ioctl"
)

// OnFakeMount is OnMount with another file system's answers to requests.
func OnFakeMount(request func(*os.File) ioctl.File) *Mount { return &Mount{request: request} }
