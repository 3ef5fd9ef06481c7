// SPDX-License-Identifier: GPL-2.0-or-later

package format

import "fmt"

// NetCommand says what a message is about (docs/format.md 13.4).
type NetCommand uint8

// The commands. Payloads are named as request / response; C marks requests of
// clients, S those of servers.
const (
	CmdGreeting          NetCommand = iota // C NetGreeting / NetGreeting
	CmdAllocInodes                         // C NetAllocInodes / NetInodeAlloc
	CmdGetLogTrees                         // C none / LogTrees
	CmdCommitLogTrees                      // C LogTrees / none
	CmdSyncLogTrees                        // S none / none
	CmdGetRoots                            // C none / NetRoots
	CmdGetLastSeq                          // C none / NetLastSeq
	CmdLock                                // C and S NetLock / NetLock
	CmdLockRecover                         // S DiskKey / NetLockRecover
	CmdSrchGetCompact                      // C none / SrchCompact
	CmdSrchCommitCompact                   // C SrchCompact / none
	CmdGetLogMerge                         // C none / LogMergeRequest
	CmdCommitLogMerge                      // C LogMergeComplete / none
	CmdOpenInoMap                          // C and S OpenInoMapArgs / OpenInoMap
	CmdGetVolopt                           // C none / VolumeOptions
	CmdSetVolopt                           // C VolumeOptions / none
	CmdClearVolopt                         // C VolumeOptions / none
	CmdResizeDevices                       // C NetResizeDevices / none
	CmdStatfs                              // C none / NetStatfs
	CmdFarewell                            // C none / none
	NetCommands                            // number of commands
)

// NetCommandInfo describes a command (docs/format.md 13.4).
type NetCommandInfo struct {
	Name string // upstream's, "ALLOC_INODES"
	// ToServer and ToClient: who may get a request.
	ToServer, ToClient bool
	// Request is the length of a request's payload in bytes.
	Request int
	// MinResponse and MaxResponse bound the payload of a response without
	// error in bytes.
	MinResponse, MaxResponse int
	// AfterCommit: the response is sent when the server commit that holds the
	// change is stable. Greetings do so for new clients only.
	AfterCommit bool
	// EINVAL: a server answers a request of the wrong length with EINVAL.
	// Otherwise it closes the connection, as clients always do.
	EINVAL bool
}

// netCommands is indexed by NetCommand. Upstream answers a GET_ROOTS request
// of the wrong length with zero roots, which would read as an empty volume.
var netCommands = [NetCommands]NetCommandInfo{
	CmdGreeting:          {"GREETING", true, false, 40, 40, 40, true, true},
	CmdAllocInodes:       {"ALLOC_INODES", true, false, 8, 16, 16, true, true},
	CmdGetLogTrees:       {"GET_LOG_TREES", true, false, 0, 472, 472, true, true},
	CmdCommitLogTrees:    {"COMMIT_LOG_TREES", true, false, 472, 0, 0, true, true},
	CmdSyncLogTrees:      {"SYNC_LOG_TREES", false, true, 0, 0, 0, false, false},
	CmdGetRoots:          {"GET_ROOTS", true, false, 0, 72, 72, false, true},
	CmdGetLastSeq:        {"GET_LAST_SEQ", true, false, 0, 8, 8, false, true},
	CmdLock:              {"LOCK", true, true, 48, 48, 48, false, false},
	CmdLockRecover:       {"LOCK_RECOVER", false, true, 32, 8, 8 + 48*MaxNetLockRecover, false, false},
	CmdSrchGetCompact:    {"SRCH_GET_COMPACT", true, false, 0, 584, 584, true, true},
	CmdSrchCommitCompact: {"SRCH_COMMIT_COMPACT", true, false, 584, 0, 0, true, true},
	CmdGetLogMerge:       {"GET_LOG_MERGE", true, false, 0, 208, 208, true, false},
	CmdCommitLogMerge:    {"COMMIT_LOG_MERGE", true, false, 208, 0, 0, true, false},
	CmdOpenInoMap:        {"OPEN_INO_MAP", true, true, 16, 144, 144, false, true},
	CmdGetVolopt:         {"GET_VOLOPT", true, false, 0, 520, 520, false, true},
	CmdSetVolopt:         {"SET_VOLOPT", true, false, 520, 0, 0, true, true},
	CmdClearVolopt:       {"CLEAR_VOLOPT", true, false, 520, 0, 0, true, true},
	CmdResizeDevices:     {"RESIZE_DEVICES", true, false, 16, 0, 0, true, true},
	CmdStatfs:            {"STATFS", true, false, 0, 56, 56, false, true},
	CmdFarewell:          {"FAREWELL", true, false, 0, 0, 0, true, false},
}

// Info returns the description of a command, which must not be changed; nil
// for a number that is none.
func (c NetCommand) Info() *NetCommandInfo {
	if c >= NetCommands {
		return nil
	}
	return &netCommands[c]
}

// String returns upstream's name.
func (c NetCommand) String() string {
	if info := c.Info(); info != nil {
		return info.Name
	}
	return fmt.Sprintf("command %d", uint8(c))
}

// sentTo reports whether a request, or a response to a request of the other
// side, may be sent to a side. The command must be known.
func (c NetCommand) sentTo(side NetSide, response bool) bool {
	if (side == NetServer) != response {
		return netCommands[c].ToServer
	}
	return netCommands[c].ToClient
}

// payload returns the bounds of the length of a message's payload; none are
// allowed for an unknown command.
func (c NetCommand) payload(response bool) (low, high int) {
	info := c.Info()
	switch {
	case info == nil:
		return 0, 0
	case response:
		return info.MinResponse, info.MaxResponse
	}
	return info.Request, info.Request
}
