"""The live room's words, in the reader's language; frontend/src/room/messages.en.json lists them.
`{name}` and the like are filled in by the island."""

from django.utils.translation import gettext as _


def room_messages() -> dict[str, str]:
    return {
        **_frame(),
        **_green_room(),
        **_devices(),
        **_gates(),
        **_call(),
        **_chat_and_people(),
        **_timer_and_notes(),
        **_board(),
        **_insertions(),
        **_export_and_history(),
    }


def _frame() -> dict[str, str]:
    return {
        "loading": _("Opening the room…"),
        "close": _("Close"),
        "cancel": _("Cancel"),
        "save": _("Save"),
        "you": _("You"),
        "roleTutor": _("Tutor"),
        "roleStudent": _("Student"),
        "roleGuest": _("Guest"),
        "backToLesson": _("Back to the lesson page"),
    }


def _green_room() -> dict[str, str]:
    return {
        "greenTitle": _("Before you enter"),
        "greenIntro": _("Check how you are seen and heard. Nobody sees you yet."),
        "yourName": _("Your name"),
        "nameRequired": _("Write your name, so that the others know who you are."),
        "enter": _("Enter the room"),
        "enterSilent": _("Enter with board and chat only"),
        "preview": _("Your picture"),
        "cameraIsOff": _("The camera is off"),
        "cameraOn": _("Turn the camera on"),
        "cameraOff": _("Turn the camera off"),
        "microphoneOn": _("Turn the microphone on"),
        "microphoneOff": _("Turn the microphone off"),
        "camera": _("Camera"),
        "microphone": _("Microphone"),
        "defaultDevice": _("Standard"),
        "levelLabel": _("Loudness of the microphone"),
        "levelHint": _("Say something: the bar should move."),
        "allWorks": _("Camera and microphone work."),
    }


def _devices() -> dict[str, str]:
    return {
        "opening": _("The browser asks for your permission. Press Allow."),
        "cameraDenied": _(
            "The camera is blocked for this page. Press the icon beside the address, allow "
            "the camera, then press Try again."
        ),
        "cameraMissing": _(
            "No camera was found. Plug one in, then press Try again, or enter without one."
        ),
        "cameraBusy": _(
            "The camera is used by another program. Close that program, then press Try again."
        ),
        "cameraUnknown": _("The camera did not start. Try again, or enter without it."),
        "microphoneDenied": _(
            "The microphone is blocked for this page. Press the icon beside the address, "
            "allow the microphone, then press Try again."
        ),
        "microphoneMissing": _(
            "No microphone was found. Plug one in, then press Try again, or enter without one."
        ),
        "microphoneBusy": _(
            "The microphone is used by another program. Close that program, then press Try again."
        ),
        "microphoneUnknown": _("The microphone did not start. Try again, or enter without it."),
        "insecure": _(
            "The browser gives camera and microphone only to pages opened over https. Board "
            "and chat work all the same."
        ),
        "screenUnknown": _("The screen cannot be shared from this browser."),
        "tryAgain": _("Try again"),
    }


def _gates() -> dict[str, str]:
    return {
        "waitingTitle": _("Please wait"),
        "waitingText": _(
            "The tutor sees that you are here and will let you in. This page opens by itself."
        ),
        "refusedTitle": _("You cannot enter"),
        "refusedRemoved": _(
            "The tutor removed you from this lesson, or you have no right to enter it."
        ),
        "refusedNoRoom": _("There is no such room."),
        "refusedCancelled": _("The lesson was cancelled."),
        "refusedInvite": _(
            "The invite link has expired or was replaced. Ask the tutor for a new one."
        ),
        "refusedMalformed": _(
            "The connection was closed because this page sent something the server does not "
            "understand. Reload the page."
        ),
        "refusedSignedOut": _("You have been signed out. Sign in and open the room again."),
        "refusedOther": _("The server did not let you in."),
        "reload": _("Reload the page"),
        "endedTitle": _("The lesson is over"),
        "endedText": _("The board, the chat and the files are kept with the lesson."),
        "endedGuestText": _(
            "Guests could be here as long as the lesson lasted. Thank you for coming."
        ),
        "stayOnBoard": _("Stay at the board"),
        "connecting": _("Connecting…"),
        "connectionLost": _("The connection is lost. Trying again…"),
        "slowConnection": _("Your connection was too slow for the board. Starting afresh…"),
        "notSaved": _(
            "What is drawn is not being saved right now. Keep this page open: it is saved as "
            "soon as the server can again."
        ),
        "notStored": _(
            "The server cannot store anything right now. Messages are kept here and sent "
            "again; try anything else again in a moment."
        ),
        "storageFull": _(
            "The server has no space left, so this was not stored. Tell the tutor or the school."
        ),
        "connected": _("Connected"),
        "unsent": _("Not sent yet: {count}"),
        "unsentHint": _(
            "These changes are kept here and are sent as soon as the connection is back. Do "
            "not close the page."
        ),
    }


def _call() -> dict[str, str]:
    return {
        "room": _("Room"),
        "controls": _("Your controls"),
        "shareScreen": _("Share the screen"),
        "stopSharing": _("Stop sharing"),
        "raiseHand": _("Raise your hand"),
        "lowerHand": _("Lower your hand"),
        "handRaised": _("hand raised"),
        "devices": _("Devices"),
        "leave": _("Leave"),
        "panel": _("Chat and people"),
        "panelUnread": _("Chat and people, new messages: {count}"),
        "hidePanel": _("Hide the panel"),
        "callTiles": _("People in the call"),
        "callFull": _("The call is full: four people talk, you have board and chat."),
        "callElsewhere": _("The call goes on in another window of yours."),
        "callHere": _("Take the call here"),
        "noPicture": _("{name}, no picture"),
        "reconnecting": _("Reconnecting…"),
        "soundBlocked": _("The browser holds the sound back."),
        "hearSound": _("Turn the sound on"),
        "videoLowered": _(
            "Thin line to {names}: your picture is sent smaller, so that the sound stays clear."
        ),
        "videoPaused": _(
            "Very thin line to {names}: your picture is paused, so that the sound stays clear."
        ),
        "pictureHeldBack": _("Thin line: sound only"),
        "mutedByTutor": _("The tutor turned your microphone off."),
        "screenOf": _("Screen of {name}"),
        "showBoard": _("Show the board"),
        "showScreen": _("Show the shared screen"),
        "microphoneIsOff": _("microphone off"),
        "qualityGood": _("Good connection"),
        "qualityFair": _("Fair connection"),
        "qualityPoor": _("Poor connection"),
        "qualityDetail": _("{level}: delay {rtt} ms, lost {loss}%"),
    }


def _chat_and_people() -> dict[str, str]:
    return {
        "chat": _("Chat"),
        "people": _("People"),
        "notes": _("Notes"),
        "chatEmpty": _("Nothing has been written yet."),
        "chatLog": _("Messages"),
        "chatPlaceholder": _("Write a message"),
        "send": _("Send"),
        "sending": _("sending…"),
        "mute": _("Mute"),
        "muteOf": _("Mute {name}"),
        "remove": _("Remove"),
        "removeOf": _("Remove {name}"),
        "removeTitle": _("Remove {name}?"),
        "removeText": _(
            "They leave at once and cannot come back to this lesson’s room. Its invite links "
            "stop working too; guests who are here stay."
        ),
        "removeGuestText": _(
            "They leave at once and cannot come back. The invite link stops working too; "
            "guests who are here stay. Make a new link on the lesson’s page for anybody who "
            "is still to come."
        ),
        "lobby": _("Waiting room"),
        "lobbySwitch": _("Guests wait until I let them in"),
        "lobbyEmpty": _("Nobody is waiting."),
        "lobbyWaiting": _("Waiting to be let in: {names}"),
        "admit": _("Let in"),
        "admitOf": _("Let {name} in"),
        "deny": _("Refuse"),
        "denyOf": _("Refuse {name}"),
        "joined": _("{name} is here"),
        "left": _("{name} left"),
    }


def _timer_and_notes() -> dict[str, str]:
    return {
        "timer": _("Timer"),
        "timerLeft": _("Time left"),
        "timerOver": _("Time is up"),
        "timerSet": _("Set a timer"),
        "timerMinutes": _("Minutes"),
        "timerStart": _("Start"),
        "timerClear": _("Clear the timer"),
        "notesLabel": _("Private notes, seen by you alone"),
        "notesSaved": _("Saved"),
        "notesSaving": _("Saving…"),
        "notesFailed": _("Not saved. It is tried again as you write."),
        "notesChanged": _(
            "These notes were changed in another window. Nothing is lost: choose what to keep."
        ),
        "notesTheirs": _("The other version"),
        "notesTakeTheirs": _("Take the other version"),
        "notesKeepMine": _("Keep mine"),
        "notesJoin": _("Keep both"),
        "endLesson": _("End the lesson"),
        "endTitle": _("End the lesson?"),
        "endText": _("The call ends for everybody. Board and chat stay with the lesson."),
        "endConfirm": _("Yes, end it"),
    }


def _board() -> dict[str, str]:
    return {
        "board": _("Board"),
        "boardLoading": _("The board is being opened…"),
        "boardFailedTitle": _("The board cannot be shown"),
        "boardFailedText": _(
            "The call, the chat and the people are still here, and nothing on the board is lost. "
            "If reloading does not help, the tutor can go back to an earlier state in the history."
        ),
        "boardReload": _("Reload the board"),
        "boardUnavailable": _("The board cannot be opened now"),
        "boardUnavailableHint": _(
            "It is tried again by itself. Call and chat go on; what you draw is kept here until "
            "then."
        ),
        "boardNearlyFull": _("This board is almost full: soon nothing more can be drawn on it."),
        "boardFull": _("This board is full: nothing more can be drawn on it."),
        "boardCutOff": _(
            "This board is full. What you drew last was not saved, and you no longer see what the "
            "others do until you reload the page."
        ),
        "boardMakeSpace": _(
            "Remove pages that are no longer needed, and save them as PDF before if you wish. "
            "Erasing single strokes frees almost nothing, and a new page is part of the same "
            "board. There is room again within a minute."
        ),
        "boardAskForSpace": _(
            "Ask the tutor to remove pages that are no longer needed; a new page is part of the "
            "same board."
        ),
        "boardTools": _("Board tools"),
        "page": _("Page {number}"),
        "pages": _("Pages of the board"),
        "pageAdd": _("New page"),
        "pageRemove": _("Remove this page"),
        "pageRemoveTitle": _("Remove page {number}?"),
        "pageRemoveText": _(
            "All that is on it goes for everybody. An earlier state can be brought back from "
            "the history."
        ),
        "follow": _("Follow the tutor"),
        "grid": _("Grid"),
    }


def _insertions() -> dict[str, str]:
    return {
        "formula": _("Formula"),
        "formulaTitle": _("Formula"),
        "formulaEdit": _("Edit the formula"),
        "formulaSource": _("LaTeX"),
        "formulaPreview": _("How it will look"),
        "formulaInsert": _("Put on the board"),
        "formulaBad": _("This is not understood: {reason}"),
        "pdf": _("PDF"),
        "pdfTitle": _("Put a PDF on the board"),
        "pdfFile": _("PDF file"),
        "pdfLayout": _("Where the pages go"),
        "pdfColumn": _("One below another on this page"),
        "pdfPages": _("Each on a page of its own"),
        "pdfInsert": _("Put on the board"),
        "pdfProgress": _("Page {done} of {count}"),
        "pdfLeft": _("The PDF is long: its last pages were left out, {left} in number."),
        "pdfFailed": _("This PDF could not be read."),
    }


def _export_and_history() -> dict[str, str]:
    return {
        "exportBoard": _("Export"),
        "exportTitle": _("Save the board as a file"),
        "exportScope": _("What"),
        "exportPage": _("This page"),
        "exportLesson": _("The whole lesson"),
        "exportFormat": _("Format"),
        "exportEmpty": _("There is nothing on it yet."),
        "exportSave": _("Save the file"),
        "exportFailed": _("The file could not be made."),
        "history": _("History"),
        "historyTitle": _("Earlier states of the board"),
        "historyEmpty": _("No earlier state is kept yet. One is kept every few minutes."),
        "historySlider": _("Moment"),
        "historyPicture": _("The board at {time}"),
        "historyBlank": _("This page was empty then."),
        "historyUndrawn": _("This state cannot be shown."),
        "historyRestore": _("Bring this state back"),
        "historyRestored": _("The board is as it was at {time}."),
        "historyFailed": _("The history could not be loaded."),
        "fileFailed": _("The picture could not be kept."),
        "tooLarge": _(
            "Something was too large for the board and was taken back: "
            "the others would not have seen it."
        ),
        "dismiss": _("Dismiss"),
    }
