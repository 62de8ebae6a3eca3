// What draws widgets in the page of the output panel; loaded with the first of them.
import type { DrawWidget, WidgetHost } from "../page/widget";
import type { WidgetMessage } from "../widgetMessages.ts";
import { Sent } from "./comm";
import { Manager } from "./manager";
import { Place } from "./place";

window.vivoWidgets = (host: WidgetHost): DrawWidget => {
  const managers = new Map<string, Manager>();
  const places = new Set<Place>();
  const sent = new Sent((request) => host.ask(request));
  const of = (sessionId: string) => [...places].filter((place) => place.sessionId === sessionId);

  window.addEventListener("message", ({ data }: MessageEvent<WidgetMessage>) => {
    switch (data.type) {
      case "commEvent": {
        const { sessionId, kind } = data.event;
        if (kind === "gone") {
          managers.get(sessionId)?.gone();
          of(sessionId).forEach((place) => place.gone());
        } else {
          void managers.get(sessionId)?.told(data.event);
        }
        return;
      }
      case "commsWatched":
        if (data.commIds) {
          managers.get(data.sessionId)?.complete(data.commIds);
          of(data.sessionId).forEach((place) => place.watched());
        } else {
          of(data.sessionId).forEach((place) => place.refused(data.why));
        }
        return;
      case "commHandled":
        sent.handled(data.messageId);
        if (data.why) {
          host.tellUser(data.why);
        }
    }
  });

  return (holder, sessionId, modelId) => {
    let manager = managers.get(sessionId);
    if (!manager) {
      manager = new Manager(sessionId, sent, host);
      managers.set(sessionId, manager);
      host.ask({ type: "watchComms", sessionId });
    }
    places.add(new Place(holder, manager, sessionId, modelId, (place) => places.delete(place)));
  };
};
